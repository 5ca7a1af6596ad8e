(* One lemma for each rule of the kernel that is not a rule of Coq's own logic. *)
From Coq Require Import Reals Lra Lia ZArith.
From BpttSym Require Import RationalRing.
Open Scope R_scope.

(* ---- formulas: the same formula with equal terms *)
Lemma ge_iff a b : a = b -> (0 <= a <-> 0 <= b). Proof. intros ->; tauto. Qed.
Lemma gt_iff a b : a = b -> (0 < a <-> 0 < b). Proof. intros ->; tauto. Qed.
Lemma eq_iff a b : a = b -> (a = 0 <-> b = 0). Proof. intros ->; tauto. Qed.
Lemma and_iff (A B C D : Prop) : (A <-> B) -> (C <-> D) -> (A /\ C <-> B /\ D).
Proof. tauto. Qed.
Lemma imp_iff (A B C D : Prop) : (A <-> B) -> (C <-> D) -> ((A -> C) <-> (B -> D)).
Proof. tauto. Qed.
Lemma all_iff T (P Q : T -> Prop) : (forall x, P x <-> Q x) -> ((forall x, P x) <-> forall x, Q x).
Proof. intro H; split; intros K x; apply H, K. Qed.
Lemma ex_iff T (P Q : T -> Prop) : (forall x, P x <-> Q x) -> ((exists x, P x) <-> exists x, Q x).
Proof. intro H; split; intros [x K]; exists x; apply H, K. Qed.

Lemma to_ge a b : 0 <= a -> b = a -> 0 <= b. Proof. intros; subst; assumption. Qed.
Lemma to_gt a b : 0 < a -> b = a -> 0 < b. Proof. intros; subst; assumption. Qed.
Lemma to_eq a b : a = 0 -> b = a -> b = 0. Proof. congruence. Qed.

(* statements as written: left (relation) right, against difference (relation) 0 *)
Lemma shown_le a b p : 0 <= p -> b - a = p -> a <= b. Proof. intros; lra. Qed.
Lemma shown_lt a b p : 0 < p -> b - a = p -> a < b. Proof. intros; lra. Qed.
Lemma shown_eq a b p : p = 0 -> a - b = p -> a = b. Proof. intros; lra. Qed.
Lemma le_iff a b p : b - a = p -> (a <= b <-> 0 <= p). Proof. split; lra. Qed.
Lemma lt_iff a b p : b - a = p -> (a < b <-> 0 < p). Proof. split; lra. Qed.
Lemma same_iff a b p : a - b = p -> (a = b <-> p = 0). Proof. split; lra. Qed.

(* ---- split, absurd, antisym, cong *)
Lemma rule_split p q (C : Prop) : q = - p -> (0 <= p -> C) -> (0 < q -> C) -> C.
Proof. intros E A B. destruct (Rle_lt_dec 0 p); [auto |]. apply B. lra. Qed.
Lemma rule_absurd (C : Prop) : 0 < 0 -> C. Proof. intro; exfalso; lra. Qed.
Lemma rule_antisym p q : 0 <= p -> 0 <= q -> q = - p -> p = 0. Proof. intros; lra. Qed.
Lemma equal_of a b p : p = 0 -> p = a - b -> a = b. Proof. intros; lra. Qed.
Lemma zero_of a b p : a = b -> p = a - b -> p = 0. Proof. intros; lra. Qed.

Lemma gt_of_lt a b p : a < b -> p = b - a -> 0 < p. Proof. intros; lra. Qed.
Lemma ge_of_le a b p : a <= b -> p = b - a -> 0 <= p. Proof. intros; lra. Qed.
Lemma lt_of_gt a b p : 0 < p -> p = b - a -> a < b. Proof. intros; lra. Qed.
Lemma le_of_ge a b p : 0 <= p -> p = b - a -> a <= b. Proof. intros; lra. Qed.
Lemma difference a a' b b' c : a = a' -> b = b' -> a - b = c -> a' - b' = c.
Proof. intros -> ->; auto. Qed.
Lemma le_0_of a b p : a = b -> 0 <= p -> p = - b -> a <= 0. Proof. intros; lra. Qed.
Lemma ge_0_of a b : a = b -> 0 <= b -> 0 <= a. Proof. intros; lra. Qed.

(* ---- psatz *)
Lemma int_gt a : (0 <? a)%Z = true -> 0 < IZR a.
Proof. intro H. apply IZR_lt, Z.ltb_lt, H. Qed.
Lemma frac_gt a b : (0 <? a)%Z = true -> 0 < IZR a / IZR (Zpos b).
Proof. intro H. apply Rdiv_lt_0_compat; [apply int_gt, H | apply IZR_lt; reflexivity]. Qed.
Lemma square_ge c s : 0 < c -> 0 <= c * (s * s).
Proof. intro. apply Rmult_le_pos; [lra | apply Rle_0_sqr]. Qed.
Lemma mul_ge a b : 0 <= a -> 0 <= b -> 0 <= a * b. Proof. apply Rmult_le_pos. Qed.
Lemma mul_gt a b : 0 < a -> 0 < b -> 0 < a * b. Proof. apply Rmult_lt_0_compat. Qed.
Lemma weak a : 0 < a -> 0 <= a. Proof. apply Rlt_le. Qed.
Lemma mul_eq m e : e = 0 -> m * e = 0. Proof. intros ->; ring. Qed.
Lemma add_ge a b : 0 <= a -> 0 <= b -> 0 <= a + b. Proof. lra. Qed.
Lemma add_gt a b : 0 < a -> 0 <= b -> 0 < a + b. Proof. lra. Qed.
Lemma add_eq a b : a = 0 -> b = 0 -> a + b = 0. Proof. lra. Qed.
Lemma add_ge_eq a b : 0 <= a -> b = 0 -> 0 <= a + b. Proof. lra. Qed.
Lemma add_gt_eq a b : 0 < a -> b = 0 -> 0 < a + b. Proof. lra. Qed.

(* ---- integers *)
Ltac cast := repeat first [rewrite plus_IZR | rewrite mult_IZR | rewrite minus_IZR].
Lemma Z_ge z p : 0 <= p -> p = IZR z -> (0 <= z)%Z. Proof. intros H ->. apply le_IZR, H. Qed.
Lemma R_ge z p : (0 <= z)%Z -> p = IZR z -> 0 <= p. Proof. intros H ->. apply IZR_le, H. Qed.
Lemma Z_eq a b : IZR a = IZR b -> a = b. Proof. apply eq_IZR. Qed.

Lemma rule_induct (P : Z -> Prop) lo :
  P lo -> (forall n, (0 <= n - lo)%Z -> P n -> P (n + 1)%Z) -> forall n, (0 <= n - lo)%Z -> P n.
Proof.
  intros B S n H. replace n with (lo + Z.of_nat (Z.to_nat (n - lo)))%Z by lia.
  induction (Z.to_nat (n - lo)) as [| k IH].
  - replace (lo + Z.of_nat 0)%Z with lo by lia. exact B.
  - replace (lo + Z.of_nat (Datatypes.S k))%Z with (lo + Z.of_nat k + 1)%Z by lia.
    apply S; [lia | exact IH].
Qed.

(* ---- primitive recursion; the value at a negative index is not specified by the kernel *)
Fixpoint nrec {A : Type} (b : A) (step : Z -> A -> A) (n : nat) : A :=
  match n with
  | O => b
  | Datatypes.S k => step (Z.of_nat k) (nrec b step k)
  end.
Definition zrec {A : Type} (b : A) (step : Z -> A -> A) (n : Z) : A := nrec b step (Z.to_nat n).

Lemma zrec_0 A (b : A) step : zrec b step 0 = b. Proof. reflexivity. Qed.
Lemma zrec_S A (b : A) step n : (0 <= n)%Z -> zrec b step (n + 1) = step n (zrec b step n).
Proof.
  intro H. unfold zrec. replace (Z.to_nat (n + 1)) with (Datatypes.S (Z.to_nat n)) by lia.
  simpl. rewrite Z2Nat.id by lia. reflexivity.
Qed.
Lemma zrec_ext A (b c : A) f g n m :
  n = m -> b = c -> (forall k x, f k x = g k x) -> zrec b f n = zrec c g m.
Proof.
  intros -> -> H. unfold zrec. induction (Z.to_nat m) as [| k IH]; simpl; [reflexivity |].
  rewrite H, IH. reflexivity.
Qed.

(* ---- finite products, in statements *)
Definition zprod (f : Z -> R) (lo hi : Z) : R :=
  zrec 1 (fun k x => f (lo + k)%Z * x) (hi - lo + 1).

(* ---- finite sums *)
Fixpoint nsum (f : Z -> R) (lo : Z) (n : nat) : R :=
  match n with
  | O => 0
  | Datatypes.S k => nsum f lo k + f (lo + Z.of_nat k)%Z
  end.
Definition zsum (f : Z -> R) (lo hi : Z) : R := nsum f lo (Z.to_nat (hi - lo + 1)).

Lemma rule_sum_empty f lo hi : (0 <= lo - hi - 1)%Z -> zsum f lo hi = 0.
Proof. intro H. unfold zsum. replace (Z.to_nat (hi - lo + 1)) with O by lia. reflexivity. Qed.

Lemma rule_sum_peel f lo hi :
  (0 <= hi - lo + 1)%Z -> zsum f lo (hi + 1) = zsum f lo hi + f (hi + 1)%Z.
Proof.
  intro H. unfold zsum.
  replace (Z.to_nat (hi + 1 - lo + 1)) with (Datatypes.S (Z.to_nat (hi - lo + 1))) by lia.
  simpl. do 2 f_equal. lia.
Qed.

Lemma zsum_ext f g lo hi : (forall k, f k = g k) -> zsum f lo hi = zsum g lo hi.
Proof.
  intro H. unfold zsum. induction (Z.to_nat (hi - lo + 1)) as [| n IH]; simpl; [reflexivity |].
  rewrite IH, H. reflexivity.
Qed.

Lemma zsum_eq f g lo lo' hi hi' :
  lo = lo' -> hi = hi' -> (forall k, f k = g k) -> zsum f lo hi = zsum g lo' hi'.
Proof. intros -> -> H. apply zsum_ext, H. Qed.

Lemma zprod_eq f g lo lo' hi hi' :
  lo = lo' -> hi = hi' -> (forall k, f k = g k) -> zprod f lo hi = zprod g lo' hi'.
Proof. intros -> -> H. apply zrec_ext; auto. intros; rewrite H; reflexivity. Qed.
