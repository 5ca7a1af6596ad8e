(* The laws of [normed_algebra] have models: the real n x n matrices with the maximal row sum as the
   norm, for every n >= 1. Theorems about an arbitrary normed algebra are therefore about these. *)
From Coq Require Import Reals Lra Lia Arith.
From Coquelicot Require Import Coquelicot.
From BpttSym Require Import RationalRing Algebra.
Open Scope R_scope.

(* ---- finite sums and maxima over 0, ..., p *)
Fixpoint maximum (f : nat -> R) (p : nat) : R :=
  match p with
  | O => f O
  | S p => Rmax (maximum f p) (f (S p))
  end.
Lemma maximum_le f p b : (forall i, (i <= p)%nat -> f i <= b) -> maximum f p <= b.
Proof. induction p; intro H; simpl; [apply H; lia |]. apply Rmax_lub; [apply IHp; auto |]; auto. Qed.
Lemma maximum_ge f p i : (i <= p)%nat -> f i <= maximum f p.
Proof.
  induction p; intro H; simpl; [replace i with O by lia; lra |].
  destruct (Nat.eq_dec i (S p)) as [-> | N]; [apply Rmax_r |].
  apply Rle_trans with (2 := Rmax_l _ _), IHp. lia.
Qed.
Lemma maximum_scal f p x : 0 <= x -> maximum (fun i => x * f i) p = x * maximum f p.
Proof. intro H. induction p; simpl; [reflexivity |]. rewrite IHp. apply RmaxRmult, H. Qed.
Lemma maximum_ext f g p : (forall i, (i <= p)%nat -> f i = g i) -> maximum f p = maximum g p.
Proof. induction p; intro H; simpl; [apply H; lia |]. rewrite IHp, H; auto. Qed.

Fixpoint sum (f : nat -> R) (p : nat) : R :=
  match p with
  | O => f O
  | S p => sum f p + f (S p)
  end.
Lemma sum_ext f g p : (forall i, (i <= p)%nat -> f i = g i) -> sum f p = sum g p.
Proof. induction p; intro H; simpl; [apply H; lia |]. rewrite IHp, H; auto. Qed.
Lemma sum_le f g p : (forall i, (i <= p)%nat -> f i <= g i) -> sum f p <= sum g p.
Proof. induction p; intro H; simpl; [apply H; lia |]. apply Rplus_le_compat; auto. Qed.
Lemma sum_plus f g p : sum (fun i => f i + g i) p = sum f p + sum g p.
Proof. induction p; simpl; [reflexivity |]. rewrite IHp. ring. Qed.
Lemma sum_scal x f p : sum (fun i => x * f i) p = x * sum f p.
Proof. induction p; simpl; [reflexivity |]. rewrite IHp. ring. Qed.
Lemma sum_swap f p q : sum (fun i => sum (f i) q) p = sum (fun j => sum (fun i => f i j) p) q.
Proof. induction p; simpl; [reflexivity |]. rewrite IHp, <- sum_plus. reflexivity. Qed.
Lemma sum_abs f p : Rabs (sum f p) <= sum (fun i => Rabs (f i)) p.
Proof. induction p; simpl; [lra |]. apply Rle_trans with (1 := Rabs_triang _ _). lra. Qed.
Lemma sum_zero p : sum (fun _ => 0) p = 0. Proof. induction p; simpl; lra. Qed.
Lemma sum_one f p i :
  (i <= p)%nat -> sum (fun k => if Nat.eqb i k then f k else 0) p = f i.
Proof.
  induction p; intro H; simpl.
  - replace i with O by lia. reflexivity.
  - destruct (Nat.eq_dec i (S p)) as [-> | N].
    + rewrite Nat.eqb_refl. rewrite (sum_ext _ (fun _ => 0)), sum_zero; [ring |].
      intros k K. replace (Nat.eqb (S p) k) with false; [reflexivity |].
      symmetry. apply Nat.eqb_neq. lia.
    + rewrite IHp by lia. replace (Nat.eqb i (S p)) with false; [ring |].
      symmetry. apply Nat.eqb_neq. exact N.
Qed.

(* ---- matrices of p + 1 rows and columns *)
Section Dimension.
Variable p : nat.
Definition square := @matrix R (S p) (S p).
Definition entry (a : square) (i j : nat) : R := coeff_mat 0 a i j.
Definition build (f : nat -> nat -> R) : square := mk_matrix (S p) (S p) f.

Lemma entry_build f i j : (i <= p)%nat -> (j <= p)%nat -> entry (build f) i j = f i j.
Proof. intros; apply coeff_mat_bij; lia. Qed.
Lemma same_entries (a b : square) :
  (forall i j, (i <= p)%nat -> (j <= p)%nat -> entry a i j = entry b i j) -> a = b.
Proof.
  intro H. rewrite <- (mk_matrix_bij 0 a), <- (mk_matrix_bij 0 b).
  apply (mk_matrix_ext (S p) (S p)). intros; apply H; lia.
Qed.

Definition s_add (a b : square) := build (fun i j => entry a i j + entry b i j).
Definition s_mul (a b : square) := build (fun i j => sum (fun k => entry a i k * entry b k j) p).
Definition s_scal (x : R) (a : square) := build (fun i j => x * entry a i j).
Definition s_diag (f : Z -> R) := build (fun i j => if Nat.eqb i j then f (Z.of_nat i) else 0).
Definition row (a : square) (i : nat) : R := sum (fun j => Rabs (entry a i j)) p.
Definition s_norm (a : square) : R := maximum (row a) p.

Ltac entries :=
  intros; apply same_entries; intros i j Hi Hj;
  unfold s_add, s_mul, s_scal, s_diag; rewrite ?entry_build by assumption.

Lemma row_diag f i : (i <= p)%nat -> row (s_diag f) i = Rabs (f (Z.of_nat i)).
Proof.
  intro H. unfold row, s_diag.
  rewrite (sum_ext _ (fun k => if Nat.eqb i k then Rabs (f (Z.of_nat i)) else 0)).
  - apply (sum_one (fun _ => Rabs (f (Z.of_nat i)))), H.
  - intros k K. rewrite entry_build by assumption. destruct (Nat.eqb i k); [reflexivity |].
    apply Rabs_R0.
Qed.
Lemma norm_diag f b : (forall i, Rabs (f i) <= b) -> s_norm (s_diag f) <= b.
Proof. intro H. apply maximum_le. intros i Hi. rewrite row_diag by assumption. apply H. Qed.
Lemma diag_mul_l f a :
  s_mul (s_diag f) a = build (fun i j => f (Z.of_nat i) * entry a i j).
Proof.
  entries. rewrite (sum_ext _ (fun k => if Nat.eqb i k then f (Z.of_nat i) * entry a k j else 0)).
  - apply (sum_one (fun k => f (Z.of_nat i) * entry a k j)), Hi.
  - intros k K. rewrite entry_build by assumption. destruct (Nat.eqb i k); ring.
Qed.
Lemma diag_mul_r f a :
  s_mul a (s_diag f) = build (fun i j => entry a i j * f (Z.of_nat j)).
Proof.
  entries. rewrite (sum_ext _ (fun k => if Nat.eqb j k then entry a i k * f (Z.of_nat k) else 0)).
  - apply (sum_one (fun k => entry a i k * f (Z.of_nat k))), Hj.
  - intros k K. rewrite entry_build by assumption. rewrite Nat.eqb_sym.
    destruct (Nat.eqb j k); ring.
Qed.

Lemma norm_mul a b : s_norm (s_mul a b) <= s_norm a * s_norm b.
Proof.
  apply maximum_le. intros i Hi.
  apply Rle_trans with (row a i * s_norm b).
  - unfold row at 1. apply Rle_trans with
      (sum (fun j => sum (fun k => Rabs (entry a i k) * Rabs (entry b k j)) p) p).
    + apply sum_le. intros j Hj. unfold s_mul. rewrite entry_build by assumption.
      apply Rle_trans with (1 := sum_abs _ _), sum_le. intros k _. rewrite Rabs_mult. lra.
    + rewrite sum_swap. unfold row. rewrite Rmult_comm, <- sum_scal. apply sum_le. intros k Hk.
      rewrite sum_scal, Rmult_comm. apply Rmult_le_compat_r; [apply Rabs_pos |].
      exact (maximum_ge (row b) p k Hk).
  - apply Rmult_le_compat_r; [| apply (maximum_ge (row a)), Hi].
    apply Rle_trans with (2 := maximum_ge (row b) p 0 (Nat.le_0_l p)).
    unfold row. rewrite <- (sum_zero p). apply sum_le. intros. apply Rabs_pos.
Qed.
Lemma norm_add a b : s_norm (s_add a b) <= s_norm a + s_norm b.
Proof.
  apply maximum_le. intros i Hi. apply Rle_trans with (row a i + row b i).
  - unfold row. rewrite <- sum_plus. apply sum_le. intros j Hj. unfold s_add.
    rewrite entry_build by assumption. apply Rabs_triang.
  - apply Rplus_le_compat; apply maximum_ge, Hi.
Qed.
Lemma norm_scal x a : s_norm (s_scal x a) = Rabs x * s_norm a.
Proof.
  unfold s_norm. rewrite <- maximum_scal by apply Rabs_pos. apply maximum_ext. intros i Hi.
  unfold row. rewrite <- sum_scal. apply sum_ext. intros j Hj. unfold s_scal.
  rewrite entry_build by assumption. apply Rabs_mult.
Qed.
Lemma norm_one : s_norm (s_diag (fun _ => 1)) = 1.
Proof.
  apply Rle_antisym.
  - apply norm_diag. intro. rewrite Rabs_R1. lra.
  - apply Rle_trans with (2 := maximum_ge _ p 0 (Nat.le_0_l p)).
    rewrite row_diag by apply Nat.le_0_l. rewrite Rabs_R1. lra.
Qed.
Lemma mul_assoc a b c : s_mul a (s_mul b c) = s_mul (s_mul a b) c.
Proof.
  entries.
  rewrite (sum_ext _ (fun k => sum (fun l => entry a i k * entry b k l * entry c l j) p)).
  2: { intros k K. rewrite entry_build by assumption. rewrite <- sum_scal. apply sum_ext.
       intros; ring. }
  rewrite sum_swap. apply sum_ext. intros l L. rewrite entry_build by assumption.
  rewrite Rmult_comm, <- sum_scal. apply sum_ext. intros; ring.
Qed.

Definition square_matrices : normed_algebra.
Proof.
  refine (Build_normed_algebra square (build (fun _ _ => 0)) (s_diag (fun _ => 1)) s_add s_mul
    s_scal s_norm s_diag _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _ _).
  - entries. ring.
  - entries. ring.
  - entries. ring.
  - entries. ring.
  - entries. ring.
  - entries. ring.
  - entries. ring.
  - entries. ring.
  - exact mul_assoc.
  - intro a. rewrite diag_mul_l. entries. ring.
  - intro a. rewrite diag_mul_r. entries. ring.
  - entries. rewrite <- sum_plus. apply sum_ext. intros k K. rewrite entry_build by assumption. ring.
  - entries. rewrite <- sum_plus. apply sum_ext. intros k K. rewrite entry_build by assumption. ring.
  - entries. rewrite <- sum_scal. apply sum_ext. intros k K. rewrite entry_build by assumption. ring.
  - entries. rewrite <- sum_scal. apply sum_ext. intros k K. rewrite entry_build by assumption. ring.
  - exact norm_mul.
  - exact norm_add.
  - exact norm_scal.
  - exact norm_one.
  - intros f g H. entries. rewrite H. reflexivity.
  - intros f g. rewrite diag_mul_l. entries. destruct (Nat.eqb i j); ring.
  - reflexivity.
  - exact norm_diag.
Defined.
End Dimension.
