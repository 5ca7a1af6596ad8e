(* The functions of the kernel and the facts that it takes on trust about them, each proved.
   A fact about a sum or a product takes the sum or product as a further argument with an equation,
   so that it applies to a normal form. *)
From Coq Require Import Reals Lra ZArith.
From Coquelicot Require Import Coquelicot.
From BpttSym Require Import RationalRing.
Open Scope R_scope.

Definition sg (x : R) : R := / (1 + exp (- x)).

Lemma fact_exp_add x y z : z = x + y -> exp z - exp x * exp y = 0.
Proof. intros ->. rewrite exp_plus. ring. Qed.

Lemma fact_exp_ge x : 0 <= exp x - 1 - x.
Proof. generalize (exp_ineq1_le x). lra. Qed.

Lemma exp_2 x y : y = 2 * x -> exp y = exp x * exp x.
Proof. intros ->. rewrite <- exp_plus. f_equal. ring. Qed.

Lemma exp_opp x : exp x * exp (- x) = 1.
Proof. rewrite <- exp_plus, Rplus_opp_r. apply exp_0. Qed.

(* tanh x (e + 1) = e - 1 with e = exp (2 x) *)
Lemma fact_tanh_exp x y : y = 2 * x -> tanh x * (exp y + 1) - exp y + 1 = 0.
Proof.
  intros H. rewrite (exp_2 _ _ H). unfold tanh, sinh, cosh.
  generalize (exp_pos x) (exp_pos (- x)) (exp_opp x). intros P N E.
  replace ((exp x - exp (- x)) / 2 / ((exp x + exp (- x)) / 2))
    with ((exp x - exp (- x)) / (exp x + exp (- x))) by (field; lra).
  replace (exp x * exp x + 1) with (exp x * (exp x + exp (- x))) by (rewrite <- E; ring).
  replace ((exp x - exp (- x)) / (exp x + exp (- x)) * (exp x * (exp x + exp (- x))))
    with (exp x * exp x - exp x * exp (- x)) by (field; lra).
  rewrite E. ring.
Qed.

Lemma tanh_exp x : tanh x = 1 - 2 * / (exp (2 * x) + 1).
Proof.
  generalize (fact_tanh_exp x (2 * x) eq_refl) (exp_pos (2 * x)). intros H P.
  apply (Rmult_eq_reg_r (exp (2 * x) + 1)); [| lra].
  replace ((1 - 2 * / (exp (2 * x) + 1)) * (exp (2 * x) + 1)) with (exp (2 * x) - 1)
    by (field; lra).
  lra.
Qed.

Lemma fact_sg_exp x y : y = - x -> sg x * (1 + exp y) - 1 = 0.
Proof. intros ->. unfold sg. generalize (exp_pos (- x)). intro. field. lra. Qed.

Lemma fact_abs_pos x : 0 <= x -> Rabs x - x = 0.
Proof. intro. rewrite Rabs_pos_eq by assumption. ring. Qed.

Lemma fact_abs_neg x y : y = - x -> 0 <= y -> Rabs x + x = 0.
Proof. intros -> H. rewrite Rabs_left1 by lra. ring. Qed.

Lemma fact_inv x y : y = x * x -> 0 < y -> x * / x - 1 = 0.
Proof. intros -> H. field. intros ->. lra. Qed.

Lemma fact_archimedes x : exists n : Z, 0 <= IZR n - x.
Proof. exists (up x). destruct (archimed x). lra. Qed.

Lemma is_derive_tanh x : is_derive tanh x (1 - tanh x ^ 2).
Proof.
  generalize (exp_pos (2 * x)). intro P.
  apply (is_derive_ext (fun y => 1 - 2 * / (exp (2 * y) + 1))).
  { intro y. symmetry. apply tanh_exp. }
  rewrite tanh_exp. auto_derive; [lra |]. field. lra.
Qed.

Lemma is_derive_sg x : is_derive sg x (sg x * (1 - sg x)).
Proof.
  generalize (exp_pos (- x)). intro P. unfold sg. auto_derive; [lra |]. field. lra.
Qed.
