(* The tactic [ring] on R, with rational constants: [ring] of the standard library reads integer
   constants only, and [field] leaves side conditions. Coefficients are computed in Q, reduced. *)
From Coq Require Import Reals QArith Qreals Ring Ring_theory.
Open Scope R_scope.

Definition q_add a b := Qred (Qplus a b).
Definition q_mul a b := Qred (Qmult a b).
Definition q_sub a b := Qred (Qminus a b).

(* An integer is itself, not divided by 1: the constants must be convertible with what is read. *)
Definition of_Q (q : Q) : R :=
  match Qden q with
  | xH => IZR (Qnum q)
  | d => IZR (Qnum q) / IZR (Zpos d)
  end.

Lemma of_Q_eq q : of_Q q = Q2R q.
Proof. destruct q as [a [b | b |]]; try reflexivity. unfold of_Q, Q2R; simpl. field. Qed.

Lemma of_Q_morph :
  ring_morph 0 1 Rplus Rmult Rminus Ropp eq (0 # 1)%Q (1 # 1)%Q q_add q_mul q_sub Qopp Qeq_bool of_Q.
Proof.
  constructor; intros; rewrite ?of_Q_eq.
  - unfold Q2R; simpl; field.
  - unfold Q2R; simpl; field.
  - unfold q_add. rewrite <- Q2R_plus. apply Qeq_eqR, Qred_correct.
  - unfold q_sub. rewrite <- Q2R_minus. apply Qeq_eqR, Qred_correct.
  - unfold q_mul. rewrite <- Q2R_mult. apply Qeq_eqR, Qred_correct.
  - apply Q2R_opp.
  - apply Qeq_eqR, Qeq_bool_eq; assumption.
Qed.

Ltac rational_constant t :=
  lazymatch t with
  | IZR ?a =>
      lazymatch isZcst a with
      | true => constr:(Qmake a xH)
      | _ => constr:(InitialRing.NotConstant)
      end
  | IZR ?a / IZR (Zpos ?b) =>
      lazymatch isZcst a with
      | true =>
          lazymatch isPcst b with
          | true => constr:(Qmake a b)
          | _ => constr:(InitialRing.NotConstant)
          end
      | _ => constr:(InitialRing.NotConstant)
      end
  | _ => constr:(InitialRing.NotConstant)
  end.

Lemma real_ring : ring_theory 0 1 Rplus Rmult Rminus Ropp (@eq R).
Proof. exact RTheory. Qed.

Add Ring rational_real : real_ring
  (morphism of_Q_morph, constants [rational_constant], power_tac R_power_theory [Rpow_tac]).
