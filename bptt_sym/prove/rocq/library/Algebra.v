(* The abstract normed algebra of the kernel's matrix terms: its laws, their consequences, and a
   decision procedure for equations between non-commutative polynomials with real coefficients. *)
From Coq Require Import Reals Lra List Bool Arith.
From BpttSym Require Import RationalRing.
Import ListNotations.
Open Scope R_scope.

Record normed_algebra := {
  carrier :> Type;
  mzero : carrier;
  mone : carrier;
  madd : carrier -> carrier -> carrier;
  mmul : carrier -> carrier -> carrier;
  mscal : R -> carrier -> carrier;
  mnorm : carrier -> R;
  mdiag : (Z -> R) -> carrier;
  madd_comm : forall a b, madd a b = madd b a;
  madd_assoc : forall a b c, madd a (madd b c) = madd (madd a b) c;
  madd_0 : forall a, madd mzero a = a;
  mscal_0 : forall a, mscal 0 a = mzero;
  mscal_1 : forall a, mscal 1 a = a;
  mscal_mul : forall x y a, mscal x (mscal y a) = mscal (x * y) a;
  mscal_add : forall x a b, mscal x (madd a b) = madd (mscal x a) (mscal x b);
  mscal_plus : forall x y a, mscal (x + y) a = madd (mscal x a) (mscal y a);
  mmul_assoc : forall a b c, mmul a (mmul b c) = mmul (mmul a b) c;
  mmul_1_l : forall a, mmul mone a = a;
  mmul_1_r : forall a, mmul a mone = a;
  mmul_add_l : forall a b c, mmul (madd a b) c = madd (mmul a c) (mmul b c);
  mmul_add_r : forall a b c, mmul a (madd b c) = madd (mmul a b) (mmul a c);
  mmul_scal_l : forall x a b, mmul (mscal x a) b = mscal x (mmul a b);
  mmul_scal_r : forall x a b, mmul a (mscal x b) = mscal x (mmul a b);
  mnorm_mul : forall a b, mnorm (mmul a b) <= mnorm a * mnorm b;
  mnorm_add : forall a b, mnorm (madd a b) <= mnorm a + mnorm b;
  mnorm_scal : forall x a, mnorm (mscal x a) = Rabs x * mnorm a;
  mnorm_one : mnorm mone = 1;
  mdiag_ext : forall f g, (forall i, f i = g i) -> mdiag f = mdiag g;
  mdiag_mul : forall f g, mmul (mdiag f) (mdiag g) = mdiag (fun i => f i * g i);
  mdiag_one : mdiag (fun _ => 1) = mone;
  mdiag_norm : forall f b, (forall i, Rabs (f i) <= b) -> mnorm (mdiag f) <= b
}.

Arguments mzero {_}. Arguments mone {_}. Arguments madd {_}. Arguments mmul {_}.
Arguments mscal {_}. Arguments mnorm {_}. Arguments mdiag {_}.
Notation "a +m b" := (madd a b) (at level 50, left associativity).
Notation "a *m b" := (mmul a b) (at level 40, left associativity).
Notation "x *s a" := (mscal x a) (at level 40, left associativity).

Section Reflect.
Variable A : normed_algebra.
Local Notation carrier := (carrier A).
Variable letter : nat -> carrier.

Inductive expr :=
  | Letter (n : nat) | One | Zero | Add (a b : expr) | Mul (a b : expr) | Scal (x : R) (a : expr).

Fixpoint value (e : expr) : carrier :=
  match e with
  | Letter n => letter n
  | One => mone
  | Zero => mzero
  | Add a b => value a +m value b
  | Mul a b => value a *m value b
  | Scal x a => x *s value a
  end.

Definition words := list (R * list nat).
Definition word (w : list nat) : carrier := fold_right (fun n a => letter n *m a) mone w.
Definition total (l : words) : carrier := fold_right (fun p a => fst p *s word (snd p) +m a) mzero l.
Definition times (p q : R * list nat) : R * list nat := (fst p * fst q, snd p ++ snd q).
Fixpoint normal (e : expr) : words :=
  match e with
  | Letter n => [(1, [n])]
  | One => [(1, [])]
  | Zero => []
  | Add a b => normal a ++ normal b
  | Mul a b => flat_map (fun p => map (times p) (normal b)) (normal a)
  | Scal x a => map (fun p => (x * fst p, snd p)) (normal a)
  end.

Lemma madd_0_r (a : carrier) : a +m mzero = a. Proof. rewrite madd_comm. apply madd_0. Qed.
Lemma mscal_zero x : x *s mzero = mzero :> carrier.
Proof. rewrite <- (mscal_0 A mzero), mscal_mul, Rmult_0_r. reflexivity. Qed.
Lemma mmul_zero_l (a : carrier) : mzero *m a = mzero.
Proof. rewrite <- (mscal_0 A mzero), mmul_scal_l. rewrite !mscal_0. reflexivity. Qed.
Lemma mmul_zero_r (a : carrier) : a *m mzero = mzero.
Proof. rewrite <- (mscal_0 A mzero), mmul_scal_r. rewrite !mscal_0. reflexivity. Qed.

Lemma word_app u v : word (u ++ v) = word u *m word v.
Proof.
  induction u as [| n u IH]; simpl; [symmetry; apply mmul_1_l |]. rewrite IH. apply mmul_assoc.
Qed.
Lemma total_app k l : total (k ++ l) = total k +m total l.
Proof.
  induction k as [| p k IH]; simpl; [symmetry; apply madd_0 |]. rewrite IH. apply madd_assoc.
Qed.
Lemma total_times p l : total (map (times p) l) = (fst p *s word (snd p)) *m total l.
Proof.
  induction l as [| q l IH]; simpl; [symmetry; apply mmul_zero_r |].
  rewrite IH, mmul_add_r, word_app, !mmul_scal_l, mmul_scal_r, mscal_mul. reflexivity.
Qed.
Lemma total_mul k l :
  total (flat_map (fun p => map (times p) l) k) = total k *m total l.
Proof.
  induction k as [| p k IH]; simpl; [symmetry; apply mmul_zero_l |].
  rewrite total_app, total_times, IH, mmul_add_l. reflexivity.
Qed.
Lemma total_scal x l : total (map (fun p => (x * fst p, snd p)) l) = x *s total l.
Proof.
  induction l as [| q l IH]; simpl; [symmetry; apply mscal_zero |].
  rewrite IH, mscal_add, mscal_mul. reflexivity.
Qed.
Lemma normal_value e : total (normal e) = value e.
Proof.
  induction e; simpl.
  - rewrite mscal_1, mmul_1_r. apply madd_0_r.
  - rewrite mscal_1. apply madd_0_r.
  - reflexivity.
  - rewrite total_app, IHe1, IHe2. reflexivity.
  - rewrite total_mul, IHe1, IHe2. reflexivity.
  - rewrite total_scal, IHe. reflexivity.
Qed.

(* ---- equal when the coefficients of each word are *)
Fixpoint same (u v : list nat) : bool :=
  match u, v with
  | [], [] => true
  | m :: u, n :: v => Nat.eqb m n && same u v
  | _, _ => false
  end.
Lemma same_eq u v : same u v = true -> u = v.
Proof.
  revert v; induction u as [| m u IH]; intros [| n v]; simpl; try discriminate; auto.
  intro H. apply andb_prop in H. destruct H as [H K]. apply Nat.eqb_eq in H. f_equal; auto.
Qed.
Lemma same_refl u : same u u = true.
Proof. induction u; simpl; auto. rewrite Nat.eqb_refl; auto. Qed.

Fixpoint coefficient (w : list nat) (l : words) : R :=
  match l with
  | [] => 0
  | (c, v) :: l => if same v w then c + coefficient w l else coefficient w l
  end.
Definition without (w : list nat) (l : words) : words := filter (fun p => negb (same (snd p) w)) l.

Lemma take_out w l : total l = coefficient w l *s word w +m total (without w l).
Proof.
  induction l as [| [c v] l IH]; simpl; [rewrite mscal_0; symmetry; apply madd_0 |].
  destruct (same v w) eqn:E; simpl.
  - apply same_eq in E. subst v. rewrite IH, mscal_plus. rewrite madd_assoc. reflexivity.
  - rewrite IH, !madd_assoc. f_equal. apply madd_comm.
Qed.
Lemma coefficient_without w v l : coefficient v (without w l) = 0 \/
  coefficient v (without w l) = coefficient v l.
Proof.
  destruct (same v w) eqn:E.
  - left. apply same_eq in E. subst w. induction l as [| [c u] l IH]; simpl; [reflexivity |].
    destruct (same u v) eqn:F; simpl; [exact IH |]. rewrite F. exact IH.
  - right. induction l as [| [c u] l IH]; simpl; [reflexivity |].
    destruct (same u w) eqn:F; simpl.
    + apply same_eq in F. subst u.
      destruct (same w v) eqn:G; [| exact IH].
      apply same_eq in G. subst w. rewrite same_refl in E. discriminate.
    + destruct (same u v); rewrite ?IH; reflexivity.
Qed.
Lemma without_shorter w l : (length (without w l) <= length l)%nat.
Proof.
  unfold without. induction l as [| p l IH]; simpl; [auto |].
  destruct (negb (same (snd p) w)); simpl; auto with arith.
Qed.
Lemma all_zero l : (forall w, coefficient w l = 0) -> total l = mzero.
Proof.
  remember (length l) as n. assert (L : (length l <= n)%nat) by (subst; auto). clear Heqn.
  revert l L. induction n as [| n IH]; intros l L H.
  - destruct l; [reflexivity |]. simpl in L. inversion L.
  - destruct l as [| [c v] l]; [reflexivity |].
    rewrite (take_out v), H, mscal_0, madd_0. apply IH.
    + simpl. rewrite same_refl. simpl. generalize (without_shorter v l). simpl in L.
      intro K. apply le_S_n in L. apply (Nat.le_trans _ _ _ K L).
    + intro w. destruct (coefficient_without v w ((c, v) :: l)) as [E | E]; rewrite E; auto.
Qed.
Lemma coefficient_absent w l : ~ In w (map snd l) -> coefficient w l = 0.
Proof.
  induction l as [| [c v] l IH]; simpl; [reflexivity |]. intro H.
  destruct (same v w) eqn:E; [| apply IH; tauto]. apply same_eq in E. exfalso; tauto.
Qed.

Definition opposite (l : words) : words := map (fun p => (-1 * fst p, snd p)) l.
Fixpoint each (l : words) (ws : list (list nat)) : Prop :=
  match ws with
  | [] => True
  | w :: ws => coefficient w l = 0 /\ each l ws
  end.
Lemma each_in l ws w : each l ws -> In w ws -> coefficient w l = 0.
Proof. induction ws; simpl; [tauto |]. intros [H K] [-> | I]; auto. Qed.

Lemma equal_values a b :
  (let l := normal a ++ opposite (normal b) in each l (map snd l)) -> value a = value b.
Proof.
  cbv zeta. set (l := normal a ++ opposite (normal b)). intro H.
  assert (T : total l = mzero).
  { apply all_zero. intro w. destruct (in_dec (list_eq_dec Nat.eq_dec) w (map snd l)) as [I | I].
    - apply (each_in _ _ _ H I).
    - apply coefficient_absent, I. }
  unfold l, opposite in T. rewrite total_app, total_scal, !normal_value in T.
  rewrite <- (madd_0_r (value a)), <- (mscal_0 A (value b)).
  replace 0 with (-1 + 1) by ring. rewrite mscal_plus, mscal_1, madd_assoc, T. apply madd_0.
Qed.
End Reflect.

Ltac position a l :=
  lazymatch l with
  | a :: _ => constr:(O)
  | _ :: ?l => let n := position a l in constr:(S n)
  end.
Ltac member a l :=
  lazymatch l with
  | nil => constr:(false)
  | a :: _ => constr:(true)
  | _ :: ?l => member a l
  end.
Ltac letters e l :=
  lazymatch e with
  | mone => l
  | mzero => l
  | madd ?a ?b => let l := letters a l in letters b l
  | mmul ?a ?b => let l := letters a l in letters b l
  | mscal _ ?a => letters a l
  | _ => lazymatch member e l with true => l | false => constr:(e :: l) end
  end.
Ltac quote_expr e l :=
  lazymatch e with
  | mone => constr:(One)
  | mzero => constr:(Zero)
  | madd ?a ?b => let a := quote_expr a l in let b := quote_expr b l in constr:(Add a b)
  | mmul ?a ?b => let a := quote_expr a l in let b := quote_expr b l in constr:(Mul a b)
  | mscal ?x ?a => let a := quote_expr a l in constr:(Scal x a)
  | _ => let n := position e l in constr:(Letter n)
  end.

(* Proves an equation between non-commutative polynomials; [real] proves those of coefficients. *)
Ltac algebra_with real :=
  lazymatch goal with
  | |- @eq ?T ?a ?b =>
      let l := letters a (@nil T) in
      let l := letters b l in
      let x := quote_expr a l in
      let y := quote_expr b l in
      apply (equal_values _ (fun n => nth n l mzero) x y);
      cbv [normal opposite each coefficient same flat_map map app times fst snd andb Nat.eqb];
      repeat split; real
  end.
Ltac algebra := algebra_with ltac:(ring).

(* ---- the facts and rules *)
Section Facts.
Variable A : normed_algebra.
Implicit Types a b : A.

Lemma fact_norm_mul a b c : c = a *m b -> 0 <= mnorm a * mnorm b - mnorm c.
Proof. intros ->. generalize (mnorm_mul A a b). lra. Qed.
Lemma fact_norm_add a b c : c = a +m b -> 0 <= mnorm a + mnorm b - mnorm c.
Proof. intros ->. generalize (mnorm_add A a b). lra. Qed.
Lemma fact_norm_scale x a b : b = x *s a -> mnorm b - Rabs x * mnorm a = 0.
Proof. intros ->. rewrite mnorm_scal. ring. Qed.
Lemma fact_norm_ge a : 0 <= mnorm a.
Proof.
  generalize (mnorm_add A a (-1 *s a)). rewrite mnorm_scal.
  replace (a +m -1 *s a) with (0 *s a) by algebra.
  rewrite mnorm_scal, Rabs_R0, (Rabs_left (-1)) by lra. lra.
Qed.
Lemma fact_norm_one : mnorm (mone : A) - 1 = 0. Proof. rewrite mnorm_one. ring. Qed.
Lemma fact_diag_mul (f g h : Z -> R) :
  (forall i, h i = f i * g i) -> mdiag f *m mdiag g = mdiag h :> A.
Proof. intro H. rewrite mdiag_mul. apply mdiag_ext. intro; symmetry; apply H. Qed.
Lemma fact_diag_one : mdiag (fun _ => 1) = mone :> A. Proof. apply mdiag_one. Qed.

Lemma rule_diag_bound (f : Z -> R) (bound : R) :
  (forall i, 0 <= bound - f i) -> (forall i, 0 <= bound + f i) -> 0 <= bound - mnorm (mdiag f : A).
Proof.
  intros H K. assert (mnorm (mdiag f : A) <= bound); [| lra].
  apply mdiag_norm. intro i. apply Rabs_le. generalize (H i) (K i). lra.
Qed.
Lemma meq_iff a b : a = b -> (a = mzero <-> b = mzero). Proof. intros ->; tauto. Qed.
Lemma to_meq a b : a = mzero -> b = a -> b = mzero. Proof. congruence. Qed.
Lemma minus_of a b c : a = b -> c = a +m -1 *s b -> c = mzero.
Proof. intros -> ->. algebra. Qed.
Lemma equal_of_minus a b c : c = mzero -> c = a +m -1 *s b -> a = b.
Proof.
  intros -> H. transitivity ((a +m -1 *s b) +m b); [algebra |]. rewrite <- H. algebra.
Qed.
Lemma mat_same_iff a b c : c = a +m -1 *s b -> (a = b <-> c = mzero).
Proof.
  intro H; split; intro K; [apply (minus_of a b c K H) | apply (equal_of_minus a b c K H)].
Qed.
Lemma mat_step a b t : b = mzero -> t = mzero -> a *m b +m t = mzero.
Proof. intros -> ->. rewrite mmul_zero_r. algebra. Qed.
Lemma mat_term a b c t : b = mzero -> t = mzero -> t +m a *m b *m c = mzero.
Proof. intros -> ->. rewrite mmul_zero_r, mmul_zero_l. algebra. Qed.
End Facts.
