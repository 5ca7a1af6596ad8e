(* Ball arithmetic, checked by computation: the interval arithmetic of CoqInterval over integers Z
   (so that no axiom on machine integers or floats is used), for terms in one variable. A box passes
   by the value over the box, by the mean-value form at its middle, or by both of its halves. *)
From Coq Require Import Reals Lra List QArith Qreals ZArith Bool.
From Coquelicot Require Import Coquelicot.
From Interval Require Import Float.Specific_stdz Float.Specific_ops Interval.Float_full.
From Interval Require Import Interval.Interval Real.Xreal.
From BpttSym Require Import RationalRing Functions Rules Calculus.
Import ListNotations.
Open Scope R_scope.

Module F := SpecificFloat StdZRadix2.
Module I := FloatIntervalFull F.

Inductive fn :=
  | X | C (q : Q) | Plus (a b : fn) | Times (a b : fn) | Power (a : fn) (n : nat)
  | Exp (a : fn) | Tanh (a : fn) | Sg (a : fn) | Abs (a : fn) | Inv (a : fn).

Fixpoint value (e : fn) (x : R) : R :=
  match e with
  | X => x
  | C q => of_Q q
  | Plus a b => value a x + value b x
  | Times a b => value a x * value b x
  | Power a n => value a x ^ n
  | Exp a => exp (value a x)
  | Tanh a => tanh (value a x)
  | Sg a => sg (value a x)
  | Abs a => Rabs (value a x)
  | Inv a => / value a x
  end.

(* ---- enclosures *)
Section Enclosure.
Variable prec : F.precision.

Definition encloses (i : I.type) (x : R) : Prop := contains (I.convert i) (Xreal x).
Definition whole (z : Z) : I.type := I.fromZ prec z.
Definition constant (q : Q) : I.type := I.div prec (whole (Qnum q)) (whole (Zpos (Qden q))).

Fixpoint power (i : I.type) (n : nat) : I.type :=
  match n with
  | O => whole 1
  | S n => I.mul prec i (power i n)
  end.
Fixpoint enclosure (e : fn) (x : I.type) : I.type :=
  match e with
  | X => x
  | C q => constant q
  | Plus a b => I.add prec (enclosure a x) (enclosure b x)
  | Times a b => I.mul prec (enclosure a x) (enclosure b x)
  | Power a 2 => I.sqr prec (enclosure a x)
  | Power a n => power (enclosure a x) n
  | Exp a => I.exp prec (enclosure a x)
  | Tanh a => I.sub prec (whole 1) (I.mul prec (whole 2) (I.inv prec (I.add prec
                (I.exp prec (I.mul prec (whole 2) (enclosure a x))) (whole 1))))
  | Sg a => I.inv prec (I.add prec (whole 1) (I.exp prec (I.neg (enclosure a x))))
  | Abs a => I.abs (enclosure a x)
  | Inv a => I.inv prec (enclosure a x)
  end.

Lemma undefined i x : contains (I.convert i) Xnan -> encloses i x.
Proof. unfold encloses. destruct (I.convert i); simpl; tauto. Qed.
Lemma enc_inv i x : encloses i x -> encloses (I.inv prec i) (/ x).
Proof.
  intro H. generalize (I.inv_correct prec i (Xreal x) H). simpl. unfold Xinv'.
  destruct (is_zero_spec x); [apply undefined | auto].
Qed.
Lemma enc_whole z : encloses (whole z) (IZR z). Proof. apply I.fromZ_correct. Qed.
Lemma enc_add i j x y : encloses i x -> encloses j y -> encloses (I.add prec i j) (x + y).
Proof. apply (I.add_correct prec i j (Xreal x) (Xreal y)). Qed.
Lemma enc_sub i j x y : encloses i x -> encloses j y -> encloses (I.sub prec i j) (x - y).
Proof. apply (I.sub_correct prec i j (Xreal x) (Xreal y)). Qed.
Lemma enc_mul i j x y : encloses i x -> encloses j y -> encloses (I.mul prec i j) (x * y).
Proof. apply (I.mul_correct prec i j (Xreal x) (Xreal y)). Qed.
Lemma enc_neg i x : encloses i x -> encloses (I.neg i) (- x).
Proof. apply (I.neg_correct i (Xreal x)). Qed.
Lemma enc_exp i x : encloses i x -> encloses (I.exp prec i) (exp x).
Proof. apply (I.exp_correct prec i (Xreal x)). Qed.
Lemma enc_abs i x : encloses i x -> encloses (I.abs i) (Rabs x).
Proof. apply (I.abs_correct i (Xreal x)). Qed.
Lemma enc_sqr i x : encloses i x -> encloses (I.sqr prec i) (x * x).
Proof. apply (I.sqr_correct prec i (Xreal x)). Qed.
Lemma enc_power i x n : encloses i x -> encloses (power i n) (x ^ n).
Proof. intro H. induction n; simpl; [apply enc_whole | apply enc_mul; assumption]. Qed.
Lemma enc_constant q : encloses (constant q) (Q2R q).
Proof.
  unfold constant, encloses, Q2R.
  generalize (I.div_correct prec _ _ _ _ (enc_whole (Qnum q)) (enc_whole (Zpos (Qden q)))).
  simpl. unfold Xdiv'. destruct (is_zero_spec (IZR (Zpos (Qden q)))) as [E | _]; [| auto].
  apply (eq_IZR _ 0) in E. discriminate.
Qed.

Lemma enclosure_correct e i x : encloses i x -> encloses (enclosure e i) (value e x).
Proof.
  intro H. induction e; cbn [value].
  - exact H.
  - rewrite of_Q_eq. apply enc_constant.
  - apply enc_add; assumption.
  - apply enc_mul; assumption.
  - cbn [enclosure]. destruct n as [| [| [| n]]]; try (apply enc_power; assumption).
    simpl. rewrite Rmult_1_r. apply enc_sqr; assumption.
  - apply enc_exp; assumption.
  - rewrite tanh_exp. cbn [enclosure].
    apply enc_sub, enc_mul, enc_inv, enc_add; try apply enc_whole.
    apply enc_exp, enc_mul; [apply enc_whole | assumption].
  - unfold sg. apply enc_inv, enc_add, enc_exp, enc_neg; [apply enc_whole | assumption].
  - apply enc_abs; assumption.
  - apply enc_inv; assumption.
Qed.

Definition positive (i : I.type) : bool :=
  match I.sign_strict i with
  | Xgt => true
  | _ => false
  end.
Lemma positive_correct i x : encloses i x -> positive i = true -> 0 < x.
Proof.
  unfold positive. intros H P. generalize (I.sign_strict_correct i).
  destruct (I.sign_strict i); try discriminate. intro K. apply (K (Xreal x) H).
Qed.

Definition box (lo hi : Q) : I.type := I.join (constant lo) (constant hi).
Lemma box_correct lo hi x : Q2R lo <= x <= Q2R hi -> encloses (box lo hi) x.
Proof.
  intro B. unfold box, encloses.
  generalize (I.join_correct (constant lo) (constant hi) _ (or_introl (enc_constant lo))).
  generalize (I.join_correct (constant lo) (constant hi) _ (or_intror (enc_constant hi))).
  destruct (I.convert _) as [| l u]; simpl; [auto |].
  destruct l, u; intros; repeat split; lra.
Qed.

(* ---- derivatives *)
Fixpoint constant_in (e : fn) : bool :=
  match e with
  | X => false
  | C _ => true
  | Plus a b | Times a b => constant_in a && constant_in b
  | Power a _ | Exp a | Tanh a | Sg a | Abs a | Inv a => constant_in a
  end.
Fixpoint smooth_in (e : fn) : bool :=
  match e with
  | X | C _ => true
  | Plus a b | Times a b => smooth_in a && smooth_in b
  | Power a _ | Exp a | Tanh a | Sg a => smooth_in a
  | Abs a | Inv a => constant_in a
  end.
Fixpoint slope (e : fn) : fn :=
  match e with
  | X => C 1
  | C _ | Abs _ | Inv _ => C 0
  | Plus a b => Plus (slope a) (slope b)
  | Times a b => Plus (Times (slope a) b) (Times a (slope b))
  | Power a O => C 0
  | Power a (S n) => Times (Times (C (Z.of_nat (S n) # 1)) (slope a)) (Power a n)
  | Exp a => Times (Exp a) (slope a)
  | Tanh a => Times (Plus (C 1) (Times (C (-1)) (Power (Tanh a) 2))) (slope a)
  | Sg a => Times (Times (Sg a) (Plus (C 1) (Times (C (-1)) (Sg a)))) (slope a)
  end.
Lemma constant_value e x y : constant_in e = true -> value e x = value e y.
Proof.
  induction e; cbn [value constant_in]; intro H; try discriminate; try reflexivity;
    try (apply andb_prop in H; destruct H as [H K]; rewrite IHe1, IHe2 by assumption; reflexivity);
    rewrite IHe by assumption; reflexivity.
Qed.
Lemma constant_slope e x : constant_in e = true -> is_derive (value e) x 0.
Proof.
  intro H. apply (is_derive_ext (fun _ => value e 0)); [| apply d_const].
  intro y. apply constant_value, H.
Qed.
Lemma slope_correct e x : smooth_in e = true -> is_derive (value e) x (value (slope e) x).
Proof.
  induction e; cbn [smooth_in]; intro H;
    try (apply andb_prop in H; destruct H as [H K]); cbn [slope value].
  - apply d_id.
  - apply d_const.
  - apply (d_plus (value e1) (value e2)); auto.
  - apply (d_mult (value e1) (value e2)); auto.
  - destruct n as [| n]; cbn [value].
    + apply (is_derive_ext (fun _ => 1)); [intro; reflexivity | apply (d_const 1)].
    + apply (d_pow (value e) (S n) n (Z.of_nat (S n))); auto.
  - apply (d_exp (value e)); auto.
  - apply (is_derive_to _ _ _ _ (d_tanh (value e) x _ (IHe H))). unfold of_Q; simpl. ring.
  - apply (is_derive_to _ _ _ _ (d_sg (value e) x _ (IHe H))). unfold of_Q; simpl. ring.
  - apply (constant_slope (Abs e)), H.
  - apply (constant_slope (Inv e)), H.
Qed.

(* ---- boxes *)
Definition mean_value (e : fn) (lo mid hi : Q) : I.type :=
  I.add prec (enclosure e (constant mid))
    (I.mul prec (enclosure (slope e) (box lo hi)) (I.sub prec (box lo hi) (constant mid))).

Lemma mean_value_correct e lo mid hi x : smooth_in e = true ->
  Q2R lo <= Q2R mid <= Q2R hi -> Q2R lo <= x <= Q2R hi ->
  encloses (mean_value e lo mid hi) (value e x).
Proof.
  intros S M B. set (m := Q2R mid) in *.
  destruct (MVT_gen (value e) m x (value (slope e))) as [c [K E]].
  - intros y _. apply slope_correct, S.
  - intros y _. apply continuity_pt_filterlim, (ex_derive_continuous (value e) y).
    eexists. apply slope_correct, S.
  - replace (value e x) with (value e m + value (slope e) c * (x - m)) by (rewrite <- E; ring).
    apply enc_add; [apply enclosure_correct, enc_constant |].
    apply enc_mul; [| apply enc_sub; [apply box_correct, B | apply enc_constant]].
    apply enclosure_correct, box_correct.
    unfold Rmin, Rmax in K. destruct (Rle_dec m x); lra.
Qed.

Definition middle (lo hi : Q) : Q := Qred ((lo + hi) / 2).
Lemma middle_correct lo hi : Q2R (middle lo hi) = (Q2R lo + Q2R hi) / 2.
Proof.
  unfold middle. rewrite (Qeq_eqR _ _ (Qred_correct _)). unfold Qdiv.
  rewrite Q2R_mult, Q2R_plus. unfold Q2R at 3. simpl. lra.
Qed.

(* [if], not [||]: [vm_compute] evaluates both arguments of a function. *)
Fixpoint box_positive (fuel : nat) (e : fn) (lo hi : Q) : bool :=
  if positive (enclosure e (box lo hi)) then true
  else if smooth_in e then
    if positive (mean_value e lo (middle lo hi) hi) then true
    else match fuel with
      | O => false
      | S fuel =>
          if box_positive fuel e lo (middle lo hi) then box_positive fuel e (middle lo hi) hi
          else false
      end
  else match fuel with
    | O => false
    | S fuel =>
        if box_positive fuel e lo (middle lo hi) then box_positive fuel e (middle lo hi) hi
        else false
    end.
Lemma box_positive_correct fuel e lo hi x :
  box_positive fuel e lo hi = true -> Q2R lo <= x <= Q2R hi -> 0 < value e x.
Proof.
  assert (Halves : forall fuel lo hi,
    (forall lo hi, box_positive fuel e lo hi = true -> Q2R lo <= x <= Q2R hi -> 0 < value e x) ->
    (if box_positive fuel e lo (middle lo hi)
     then box_positive fuel e (middle lo hi) hi else false) = true ->
    Q2R lo <= x <= Q2R hi -> 0 < value e x).
  { clear. intros fuel lo hi IH H B. destruct (box_positive fuel e lo _) eqn:K; [| discriminate].
    generalize (middle_correct lo hi); intro M.
    destruct (Rle_lt_dec x (Q2R (middle lo hi))); [apply (IH _ _ K) | apply (IH _ _ H)]; lra. }
  revert lo hi. induction fuel as [| fuel IH]; intros lo hi H B; cbn [box_positive] in H;
    (destruct (positive (enclosure e _)) eqn:P;
     [exact (positive_correct _ _ (enclosure_correct e _ _ (box_correct lo hi x B)) P) |]);
    generalize (middle_correct lo hi); intro M;
    (destruct (smooth_in e) eqn:S;
     [destruct (positive (mean_value e lo _ hi)) eqn:K;
       [exact (positive_correct _ _
          (mean_value_correct e lo (middle lo hi) hi x S ltac:(lra) B) K) |] |]);
    first [discriminate | exact (Halves fuel lo hi IH H B)].
Qed.

Fixpoint boxes_positive (fuel : nat) (e : fn) (lo : Q) (cuts : list Q) : bool :=
  match cuts with
  | [] => true
  | hi :: cuts => if box_positive fuel e lo hi then boxes_positive fuel e hi cuts else false
  end.
Lemma last_default (c : Q) cuts lo hi : last (c :: cuts) lo = last (c :: cuts) hi.
Proof. revert c. induction cuts as [| d cuts IH]; intro c; [reflexivity | exact (IH d)]. Qed.
Lemma boxes_positive_correct fuel e cuts lo x : boxes_positive fuel e lo cuts = true ->
  cuts <> [] -> Q2R lo <= x <= Q2R (last cuts lo) -> 0 < value e x.
Proof.
  revert lo. induction cuts as [| hi cuts IH]; intros lo H N B; [tauto |].
  cbn [boxes_positive] in H. destruct (box_positive fuel e lo hi) eqn:E; [| discriminate].
  destruct cuts as [| next cuts].
  - apply (box_positive_correct _ _ _ _ _ E B).
  - destruct (Rle_lt_dec x (Q2R hi)).
    + apply (box_positive_correct _ _ _ _ _ E). lra.
    + apply (IH hi H); [discriminate |]. destruct B as [_ B]. split; [lra |].
      rewrite (last_default next cuts hi lo). exact B.
Qed.
End Enclosure.

Lemma rule_evaluate prec e : positive (enclosure prec e (whole prec 0)) = true -> 0 < value e 0.
Proof. intro H. exact (positive_correct _ _ (enclosure_correct prec e _ 0 (enc_whole prec 0)) H). Qed.

Lemma rule_enclose prec fuel e lo cuts x :
  boxes_positive prec fuel e lo cuts = true -> cuts <> [] ->
  of_Q lo <= x -> x <= of_Q (last cuts lo) -> 0 < value e x.
Proof.
  rewrite !of_Q_eq. intros H N A B. exact (boxes_positive_correct prec fuel e cuts lo x H N (conj A B)).
Qed.
