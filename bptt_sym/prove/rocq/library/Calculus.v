(* Derivatives by structure. Curves replace partial derivatives: a function of several variables is
   differentiable when it is so along all differentiable curves, which composition and recursion keep. *)
From Coq Require Import Reals Lra Lia ZArith.
From Coquelicot Require Import Coquelicot.
From BpttSym Require Import RationalRing Functions Rules.
Open Scope R_scope.

Lemma is_derive_to (f : R -> R) (x a b : R) : is_derive f x a -> b = a -> is_derive f x b.
Proof. intros; subst; assumption. Qed.

(* ---- is_derive *)
Lemma d_const (c x : R) : is_derive (fun _ : R => c) x 0. Proof. apply @is_derive_const. Qed.
Lemma d_id (x : R) : is_derive (fun v : R => v) x 1. Proof. apply @is_derive_id. Qed.
Lemma d_plus (f g : R -> R) (x a b : R) :
  is_derive f x a -> is_derive g x b -> is_derive (fun v => f v + g v) x (a + b).
Proof. apply @is_derive_plus. Qed.
Lemma d_mult (f g : R -> R) (x a b : R) :
  is_derive f x a -> is_derive g x b -> is_derive (fun v => f v * g v) x (a * g x + f x * b).
Proof. intros; apply (is_derive_mult f g x a b); auto. intros; apply Rmult_comm. Qed.
Lemma d_pow (f : R -> R) (n m : nat) (z : Z) (x a : R) :
  n = S m -> z = Z.of_nat n -> is_derive f x a -> is_derive (fun v => f v ^ n) x (IZR z * a * f x ^ m).
Proof.
  intros -> -> H. rewrite <- INR_IZR_INZ. apply (is_derive_pow f (S m) x a H).
Qed.
Lemma d_comp (p dp f : R -> R) (x a : R) :
  (forall y, is_derive p y (dp y)) -> is_derive f x a -> is_derive (fun v => p (f v)) x (dp (f x) * a).
Proof.
  intros H K. replace (dp (f x) * a) with (scal a (dp (f x)))
    by (unfold scal; simpl; unfold mult; simpl; ring).
  exact (is_derive_comp p f x (dp (f x)) a (H (f x)) K).
Qed.
Lemma d_tanh (f : R -> R) (x a : R) :
  is_derive f x a -> is_derive (fun v => tanh (f v)) x ((1 - tanh (f x) ^ 2) * a).
Proof. apply (d_comp tanh (fun y => 1 - tanh y ^ 2)), is_derive_tanh. Qed.
Lemma d_sg (f : R -> R) (x a : R) :
  is_derive f x a -> is_derive (fun v => sg (f v)) x (sg (f x) * (1 - sg (f x)) * a).
Proof. apply (d_comp sg (fun y => sg y * (1 - sg y))), is_derive_sg. Qed.
Lemma d_exp (f : R -> R) (x a : R) :
  is_derive f x a -> is_derive (fun v => exp (f v)) x (exp (f x) * a).
Proof. apply (d_comp exp exp), is_derive_exp. Qed.
Lemma d_zsum (f : R -> Z -> R) (d : Z -> R) lo hi (x : R) :
  (forall k, is_derive (fun v => f v k) x (d k)) ->
  is_derive (fun v => zsum (f v) lo hi) x (zsum d lo hi).
Proof.
  intro H. unfold zsum. induction (Z.to_nat (hi - lo + 1)) as [| n IH]; simpl; [apply d_const |].
  apply (d_plus (fun v => nsum (f v) lo n)); [exact IH | apply H].
Qed.
Lemma d_atom (f : R -> R) (x : R) : ex_derive f x -> is_derive f x (Derive f x).
Proof. apply Derive_correct. Qed.

(* The derivative of a polynomial in atoms whose derivatives are hypotheses. *)
Ltac derive :=
  lazymatch goal with
  | |- is_derive (fun _ => ?c) _ _ => apply (d_const c)
  | |- is_derive (fun v => v) _ _ => apply d_id
  | |- is_derive (fun v => @?f v + @?g v) _ _ => apply (d_plus f g); derive
  | |- is_derive (fun v => @?f v * @?g v) _ _ => apply (d_mult f g); derive
  | |- is_derive (fun v => (@?f v) ^ ?n) _ _ =>
      let m := eval compute in (Nat.pred n) in
      let z := eval compute in (Z.of_nat n) in
      apply (d_pow f n m z); [reflexivity | reflexivity | derive]
  | |- _ => eassumption
  end.

(* ---- ex_derive, along curves *)
Lemma e_const (c x : R) : ex_derive (fun _ : R => c) x. Proof. eexists; apply d_const. Qed.
Lemma e_id (x : R) : ex_derive (fun v : R => v) x. Proof. eexists; apply d_id. Qed.
Lemma e_plus (f g : R -> R) (x : R) :
  ex_derive f x -> ex_derive g x -> ex_derive (fun v => f v + g v) x.
Proof. intros [a A] [b B]; eexists; apply (d_plus f g); eassumption. Qed.
Lemma e_mult (f g : R -> R) (x : R) :
  ex_derive f x -> ex_derive g x -> ex_derive (fun v => f v * g v) x.
Proof. intros [a A] [b B]; eexists; apply (d_mult f g); eassumption. Qed.
Lemma e_pow (f : R -> R) n (x : R) : ex_derive f x -> ex_derive (fun v => f v ^ n) x.
Proof.
  intro H. induction n as [| n IH]; simpl; [apply e_const |]. apply (e_mult f); assumption.
Qed.
Lemma e_tanh (f : R -> R) (x : R) : ex_derive f x -> ex_derive (fun v => tanh (f v)) x.
Proof. intros [a A]; eexists; apply (d_tanh f); eassumption. Qed.
Lemma e_sg (f : R -> R) (x : R) : ex_derive f x -> ex_derive (fun v => sg (f v)) x.
Proof. intros [a A]; eexists; apply (d_sg f); eassumption. Qed.
Lemma e_exp (f : R -> R) (x : R) : ex_derive f x -> ex_derive (fun v => exp (f v)) x.
Proof. intros [a A]; eexists; apply (d_exp f); eassumption. Qed.
Lemma e_zsum (f : R -> Z -> R) lo hi (x : R) :
  (forall k, ex_derive (fun v => f v k) x) -> ex_derive (fun v => zsum (f v) lo hi) x.
Proof.
  intro H. unfold zsum. induction (Z.to_nat (hi - lo + 1)) as [| n IH]; simpl; [apply e_const |].
  apply (e_plus (fun v => nsum (f v) lo n)); [exact IH | apply H].
Qed.

(* A generated file extends this by one lemma for each recursion that it defines. *)
Ltac smooth_recursion := fail.
Ltac smooth :=
  lazymatch goal with
  | |- ex_derive (fun _ => ?c) _ => apply (e_const c)
  | |- ex_derive (fun v => v) _ => apply e_id
  | |- ex_derive (fun v => @?f v + @?g v) _ => apply (e_plus f g); smooth
  | |- ex_derive (fun v => @?f v * @?g v) _ => apply (e_mult f g); smooth
  | |- ex_derive (fun v => (@?f v) ^ ?n) _ => apply (e_pow f n); smooth
  | |- ex_derive (fun v => tanh (@?f v)) _ => apply (e_tanh f); smooth
  | |- ex_derive (fun v => sg (@?f v)) _ => apply (e_sg f); smooth
  | |- ex_derive (fun v => exp (@?f v)) _ => apply (e_exp f); smooth
  | |- ex_derive (fun v => zsum (fun k => @?f v k) ?lo ?hi) _ =>
      apply (e_zsum f lo hi); intro; cbv beta; smooth
  | |- _ => first [assumption | smooth_recursion; smooth]
  end.

(* ---- the rules *)
Lemma rule_d (f : R -> R) (d : R -> R) (x : R) :
  (forall y, is_derive f y (d y)) -> Derive f x = d x.
Proof. intro H. apply is_derive_unique, H. Qed.

Lemma derive_eq (f g : R -> R) (x y : R) :
  (forall v, f v = g v) -> x = y -> Derive f x = Derive g y.
Proof. intros H ->. apply Derive_ext, H. Qed.

Lemma rule_mvt (f d : R -> R) lo hi :
  (forall y, is_derive f y (d y)) -> lo < hi ->
  exists x, lo < x /\ x < hi /\ f hi - f lo = d x * (hi - lo).
Proof.
  intros H L. destruct (MVT_cor2 f d lo hi L) as [x [E [A B]]].
  - intros c _. apply is_derive_Reals, H.
  - exists x. auto.
Qed.

Lemma rule_ivt (f d : R -> R) lo hi :
  (forall y, is_derive f y (d y)) -> f lo <= 0 -> 0 <= f hi -> lo <= hi ->
  exists x, lo <= x /\ x <= hi /\ f x = 0.
Proof.
  intros H A B L. destruct (IVT_gen f lo hi 0) as [x [K E]].
  - intro y. apply continuity_pt_filterlim, (ex_derive_continuous f y). exists (d y). apply H.
  - unfold Rmin, Rmax. destruct (Rle_dec (f lo) (f hi)); lra.
  - exists x. unfold Rmin, Rmax in K. destruct (Rle_dec lo hi); [| lra]. tauto.
Qed.
