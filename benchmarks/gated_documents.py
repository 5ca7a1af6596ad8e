# ruff: noqa: E501 (a formula stands in one line)
"""Texts on back-propagation through gated networks, written without any notation.

A line is ``; key`` (a sentence, see :data:`SENTENCES`), ``left = right`` (a definition), ``+ left =
right`` (a claim that holds) or ``- left = right`` (one that does not). Expressions have the syntax of
Python and no letters of their own: ``*`` multiplies elementwise, ``@`` is the product with a matrix
or the outer product, ``f[t]`` a sequence, ``p.f[t]`` what stands inside its activation, ``W.f`` a weight,
``D(a, b)`` a derivative, ``S`` and ``P`` sums and products over the steps, ``sl``, ``tl`` and ``cl`` the slopes
of a gate, of a candidate and of the tanh of a cell state; ``J[t]`` is the joined vector.
"""

from __future__ import annotations

#: Sentences, by language.
SENTENCES = {
    "en": {
        "lstm": "We derive the backward pass of an LSTM with forget, input and output gate.",
        "peep": "Now the LSTM has peephole connections: the gates see the cell state.",
        "gru": "The gated recurrent unit (GRU) has an update gate and a reset gate.",
        "coupled": "In this LSTM the input gate is coupled to the forget gate.",
        "highway": "A recurrent highway layer lets part of its state through.",
        "forward": "The forward pass at time step t is",
        "loss": "The loss of the whole sequence is a sum over the time steps:",
        "output": "First we look at the output of the cell.",
        "cell": "For the cell state we add what comes back from the next time step:",
        "gates": "The gradients with respect to the gates follow by the chain rule:",
        "inside": "and with respect to the pre-activations we get",
        "weights": "Summing over time gives the gradients of the weights",
        "biases": "and those of the biases",
        "state": "The hidden state is used by all the gates of the next step, therefore",
        "memory": "How does the gradient flow through the memory?",
    },
    "de": {
        "lstm": "Wir leiten den Rückwärtsschritt eines LSTM mit drei Gates her.",
        "peep": "Nun hat das LSTM Peephole-Verbindungen: Die Gates sehen den Zellzustand.",
        "gru": "Die Gated Recurrent Unit (GRU) hat ein Update-Gate und ein Reset-Gate.",
        "coupled": "In diesem LSTM ist das Input-Gate an das Forget-Gate gekoppelt.",
        "highway": "Eine rekurrente Highway-Schicht lässt einen Teil ihres Zustands durch.",
        "forward": "Der Vorwärtsschritt zum Zeitpunkt t lautet",
        "loss": "Der Verlust der ganzen Folge ist eine Summe über die Zeitschritte:",
        "output": "Zuerst betrachten wir die Ausgabe der Zelle.",
        "cell": "Zum Zellzustand kommt hinzu, was vom nächsten Zeitschritt zurückfließt:",
        "gates": "Die Gradienten nach den Gates folgen aus der Kettenregel:",
        "inside": "und nach den Voraktivierungen erhalten wir",
        "weights": "Summieren über die Zeit ergibt die Gradienten der Gewichte",
        "biases": "und die der Schwellenwerte",
        "state": "Der verborgene Zustand geht in alle Gates des nächsten Schritts ein, also",
        "memory": "Wie fließt der Gradient durch den Speicher?",
    },
    "zh": {
        "lstm": "下面推导带有遗忘门、输入门和输出门的 LSTM 的反向传播。",
        "peep": "现在 LSTM 带有窥视孔连接：各个门可以看到细胞状态。",
        "gru": "门控循环单元（GRU）有更新门和重置门。",
        "coupled": "在这个 LSTM 中，输入门与遗忘门耦合。",
        "highway": "循环高速公路层让一部分状态直接通过。",
        "forward": "时刻 t 的前向传播为",
        "loss": "整个序列的损失是各时刻损失之和：",
        "output": "首先看单元的输出。",
        "cell": "对于细胞状态，还要加上从下一时刻传回的部分：",
        "gates": "由链式法则得到各个门的梯度：",
        "inside": "对激活前的值有",
        "weights": "对时间求和得到权重的梯度",
        "biases": "以及偏置的梯度",
        "state": "隐藏状态被下一时刻的所有门使用，因此",
        "memory": "梯度如何在记忆中流动？",
    },
    "he": {
        "lstm": "נגזור את המעבר לאחור של LSTM עם שלושה שערים.",
        "peep": "כעת ל-LSTM יש חיבורי הצצה: השערים רואים את מצב התא.",
        "gru": "ליחידה GRU יש שער עדכון ושער איפוס.",
        "coupled": "ב-LSTM הזה שער הקלט מצומד לשער השכחה.",
        "highway": "שכבת כביש מהיר נשנית מעבירה חלק מן המצב.",
        "forward": "המעבר קדימה בצעד הזמן t הוא",
        "loss": "ההפסד של כל הסדרה הוא סכום על צעדי הזמן:",
        "output": "ראשית נתבונן בפלט של התא.",
        "cell": "למצב התא מתווסף מה שחוזר מצעד הזמן הבא:",
        "gates": "הגרדיאנטים לפי השערים נובעים מכלל השרשרת:",
        "inside": "ולפי הערכים שלפני האקטיבציה נקבל",
        "weights": "סכימה על הזמן נותנת את הגרדיאנטים של המשקלים",
        "biases": "ושל ההטיות",
        "state": "המצב הסמוי משמש את כל השערים של הצעד הבא, ולכן",
        "memory": "כיצד זורם הגרדיאנט דרך הזיכרון?",
    },
}

DOCUMENTS = {
    "joined": """
; lstm
; forward
f[t] = sig(W.f @ J[t] + b.f)
i[t] = sig(W.i @ J[t] + b.i)
o[t] = sig(W.o @ J[t] + b.o)
g[t] = tanh(W.g @ J[t] + b.g)
c[t] = f[t] * c[t-1] + i[t] * g[t]
h[t] = o[t] * tanh(c[t])
; output
+ D(L, o[t]) = D(L, h[t]) * tanh(c[t])
; cell
+ D(L, c[t]) = D(L, h[t]) * o[t] * cl(c[t]) + D(L, c[t+1]) * f[t+1]
; gates
+ D(L, f[t]) = D(L, c[t]) * c[t-1]
- D(L, i[t]) = D(L, c[t]) * i[t]
+ D(L, g[t]) = D(L, c[t]) * i[t]
; weights
+ D(L, W.f) = S(t, 1, T, (D(L, f[t]) * sl(f[t])) @ J[t].T)
+ D(L, W.i) = S(t, 1, T, (D(L, i[t]) * sl(i[t])) @ J[t].T)
- D(L, W.o) = S(t, 1, T, (D(L, o[t]) * tl(o[t])) @ J[t].T)
+ D(L, W.g) = S(t, 1, T, (D(L, g[t]) * tl(g[t])) @ J[t].T)
; biases
+ D(L, b.f) = S(t, 1, T, D(L, f[t]) * sl(f[t]))
- D(L, b.i) = S(t, 1, T, D(L, i[t]) * (1 - i[t]))
+ D(L, b.o) = S(t, 1, T, D(L, o[t]) * sl(o[t]))
+ D(L, b.g) = S(t, 1, T, D(L, g[t]) * tl(g[t]))
""",
    "separate": """
; lstm
; forward
p.f[t] = W.f @ x[t] + U.f @ h[t-1] + b.f
p.i[t] = W.i @ x[t] + U.i @ h[t-1] + b.i
p.o[t] = W.o @ x[t] + U.o @ h[t-1] + b.o
p.g[t] = W.g @ x[t] + U.g @ h[t-1] + b.g
f[t] = sig(p.f[t])
i[t] = sig(p.i[t])
o[t] = sig(p.o[t])
g[t] = tanh(p.g[t])
c[t] = f[t] * c[t-1] + i[t] * g[t]
h[t] = o[t] * tanh(c[t])
; loss
L = S(t, 1, T, l[t])
; output
+ D(L, o[t]) = D(L, h[t]) * tanh(c[t])
; cell
+ D(L, c[t]) = D(L, h[t]) * o[t] * cl(c[t]) + D(L, c[t+1]) * f[t+1]
; inside
+ D(L, p.f[t]) = D(L, c[t]) * c[t-1] * sl(f[t])
- D(L, p.i[t]) = D(L, c[t]) * c[t-1] * sl(i[t])
+ D(L, p.o[t]) = D(L, h[t]) * tanh(c[t]) * sl(o[t])
+ D(L, p.g[t]) = D(L, c[t]) * i[t] * tl(g[t])
; state
+ D(L, h[t]) = D(l[t], h[t]) + U.f.T @ D(L, p.f[t+1]) + U.i.T @ D(L, p.i[t+1]) + U.o.T @ D(L, p.o[t+1]) + U.g.T @ D(L, p.g[t+1])
+ D(L, x[t]) = W.f.T @ D(L, p.f[t]) + W.i.T @ D(L, p.i[t]) + W.o.T @ D(L, p.o[t]) + W.g.T @ D(L, p.g[t])
; weights
+ D(L, W.f) = S(t, 1, T, D(L, p.f[t]) @ x[t].T)
+ D(L, U.f) = S(t, 1, T, D(L, p.f[t]) @ h[t-1].T)
- D(L, U.i) = S(t, 1, T, D(L, p.i[t]) @ h[t].T)
+ D(L, U.o) = S(t, 1, T, D(L, p.o[t]) @ h[t-1].T)
+ D(L, W.g) = S(t, 1, T, D(L, p.g[t]) @ x[t].T)
; biases
+ D(L, b.f) = S(t, 1, T, D(L, p.f[t]))
- D(L, b.o) = S(t, 1, T, D(L, o[t]))
; memory
+ D(c[t], f[t]) = diag(c[t-1])
- D(c[t], g[t]) = diag(g[t])
""",
    "peephole": """
; peep
; forward
p.f[t] = W.f @ x[t] + U.f @ h[t-1] + v.f * c[t-1] + b.f
p.i[t] = W.i @ x[t] + U.i @ h[t-1] + v.i * c[t-1] + b.i
p.g[t] = W.g @ x[t] + U.g @ h[t-1] + b.g
f[t] = sig(p.f[t])
i[t] = sig(p.i[t])
g[t] = tanh(p.g[t])
c[t] = f[t] * c[t-1] + i[t] * g[t]
p.o[t] = W.o @ x[t] + U.o @ h[t-1] + v.o * c[t] + b.o
o[t] = sig(p.o[t])
h[t] = o[t] * tanh(c[t])
; output
+ D(L, p.o[t]) = D(L, h[t]) * tanh(c[t]) * sl(o[t])
; cell
+ D(L, c[t]) = D(L, h[t]) * o[t] * cl(c[t]) + v.o * D(L, p.o[t]) + D(L, c[t+1]) * f[t+1] + v.i * D(L, p.i[t+1]) + v.f * D(L, p.f[t+1])
; inside
+ D(L, p.f[t]) = D(L, c[t]) * c[t-1] * sl(f[t])
+ D(L, p.i[t]) = D(L, c[t]) * g[t] * sl(i[t])
- D(L, p.g[t]) = D(L, c[t]) * i[t] * sl(g[t])
; weights
+ D(L, v.f) = S(t, 1, T, D(L, p.f[t]) * c[t-1])
- D(L, v.i) = S(t, 1, T, D(L, p.i[t]) * c[t])
+ D(L, v.o) = S(t, 1, T, D(L, p.o[t]) * c[t])
+ D(L, U.g) = S(t, 1, T, D(L, p.g[t]) @ h[t-1].T)
- D(L, W.o) = S(t, 1, T, D(L, p.o[t]) @ x[t-1].T)
; biases
+ D(L, b.i) = S(t, 1, T, D(L, p.i[t]))
+ D(L, b.g) = S(t, 1, T, D(L, c[t]) * i[t] * tl(g[t]))
""",
    "gru": """
; gru
; forward
z[t] = sig(W.z @ x[t] + U.z @ h[t-1] + b.z)
r[t] = sig(W.r @ x[t] + U.r @ h[t-1] + b.r)
n[t] = tanh(W.n @ x[t] + U.n @ (r[t] * h[t-1]) + b.n)
h[t] = (1 - z[t]) * h[t-1] + z[t] * n[t]
; gates
+ D(L, n[t]) = D(L, h[t]) * z[t]
+ D(L, z[t]) = D(L, h[t]) * (n[t] - h[t-1])
+ D(L, r[t]) = (U.n.T @ (D(L, n[t]) * tl(n[t]))) * h[t-1]
; state
+ D(L, h[t-1]) = D(L, h[t]) * (1 - z[t]) + U.z.T @ (D(L, z[t]) * sl(z[t])) + U.r.T @ (D(L, r[t]) * sl(r[t])) + (U.n.T @ (D(L, n[t]) * tl(n[t]))) * r[t]
; weights
+ D(L, W.z) = S(t, 1, T, (D(L, z[t]) * sl(z[t])) @ x[t].T)
+ D(L, U.z) = S(t, 1, T, (D(L, z[t]) * sl(z[t])) @ h[t-1].T)
- D(L, U.n) = S(t, 1, T, (D(L, n[t]) * tl(n[t])) @ h[t-1].T)
+ D(L, W.r) = S(t, 1, T, (D(L, r[t]) * sl(r[t])) @ x[t].T)
- D(L, W.n) = S(t, 1, T, (D(L, n[t]) * sl(n[t])) @ x[t].T)
; biases
+ D(L, b.n) = S(t, 1, T, D(L, n[t]) * tl(n[t]))
+ D(L, b.r) = S(t, 1, T, D(L, r[t]) * sl(r[t]))
- D(L, b.z) = S(t, 1, T, D(L, z[t]) * (1 - z[t]))
; memory
+ D(h[t], n[t]) = diag(z[t])
- D(h[t], z[t]) = diag(n[t] + h[t-1])
""",
    "reset-after": """
; gru
; forward
p.z[t] = W.z @ x[t] + U.z @ h[t-1] + b.z
p.r[t] = W.r @ x[t] + U.r @ h[t-1] + b.r
z[t] = sig(p.z[t])
r[t] = sig(p.r[t])
p.n[t] = W.n @ x[t] + r[t] * (U.n @ h[t-1]) + b.n
n[t] = tanh(p.n[t])
h[t] = z[t] * h[t-1] + (1 - z[t]) * n[t]
; inside
+ D(L, p.n[t]) = D(L, h[t]) * (1 - z[t]) * tl(n[t])
+ D(L, p.z[t]) = D(L, h[t]) * (h[t-1] - n[t]) * sl(z[t])
- D(L, p.r[t]) = D(L, p.n[t]) * h[t-1] * sl(r[t])
; state
+ D(L, h[t-1]) = D(L, h[t]) * z[t] + U.z.T @ D(L, p.z[t]) + U.r.T @ D(L, p.r[t]) + U.n.T @ (r[t] * D(L, p.n[t]))
; weights
+ D(L, U.n) = S(t, 1, T, (r[t] * D(L, p.n[t])) @ h[t-1].T)
+ D(L, U.z) = S(t, 1, T, D(L, p.z[t]) @ h[t-1].T)
- D(L, W.r) = S(t, 1, T, D(L, p.r[t]) @ h[t-1].T)
+ D(L, W.n) = S(t, 1, T, D(L, p.n[t]) @ x[t].T)
; biases
+ D(L, b.z) = S(t, 1, T, D(L, p.z[t]))
- D(L, b.n) = S(t, 1, T, r[t] * D(L, p.n[t]))
""",
    "coupled": """
; coupled
; forward
f[t] = sig(W.f @ J[t] + b.f)
o[t] = sig(W.o @ J[t] + b.o)
g[t] = tanh(W.g @ J[t] + b.g)
c[t] = f[t] * c[t-1] + (1 - f[t]) * g[t]
h[t] = o[t] * tanh(c[t])
; memory
+ D(c[t], f[t]) = diag(c[t-1] - g[t])
+ D(c[t], g[t]) = diag(1 - f[t])
- D(h[t], c[t]) = diag(o[t] * (1 - c[t] ** 2))
+ D(h[t], o[t]) = diag(tanh(c[t]))
; gates
+ D(L, g[t]) = D(L, c[t]) * (1 - f[t])
- D(L, f[t]) = D(L, c[t]) * c[t-1]
+ D(L, o[t]) = D(L, h[t]) * tanh(c[t])
; cell
- D(L, c[t]) = D(L, h[t]) * o[t] * cl(c[t]) + D(L, c[t+1]) * f[t]
; weights
+ D(L, W.g) = S(t, 1, T, (D(L, c[t]) * (1 - f[t]) * tl(g[t])) @ J[t].T)
+ D(L, W.f) = S(t, 1, T, (D(L, c[t]) * (c[t-1] - g[t]) * sl(f[t])) @ J[t].T)
+ D(L, b.o) = S(t, 1, T, D(L, h[t]) * tanh(c[t]) * sl(o[t]))
""",
    "highway": """
; highway
; forward
p.z[t] = W.z @ x[t] + U.z @ h[t-1] + b.z
p.n[t] = W.n @ x[t] + U.n @ h[t-1] + b.n
z[t] = sig(p.z[t])
n[t] = tanh(p.n[t])
h[t] = z[t] * n[t] + (1 - z[t]) * h[t-1]
; memory
+ D(h[t], h[t-1]) = diag(1 - z[t]) + diag((n[t] - h[t-1]) * sl(z[t])) @ U.z + diag(z[t] * tl(n[t])) @ U.n
; inside
+ D(L, p.n[t]) = D(L, h[t]) * z[t] * tl(n[t])
- D(L, p.z[t]) = D(L, h[t]) * n[t] * sl(z[t])
; state
- D(L, h[t-1]) = D(L, h[t]) * (1 - z[t]) + U.n.T @ D(L, p.n[t])
; weights
+ D(L, U.z) = S(t, 1, T, D(L, p.z[t]) @ h[t-1].T)
+ D(L, W.n) = S(t, 1, T, D(L, p.n[t]) @ x[t].T)
- D(L, U.n) = S(t, 1, T, D(L, p.n[t]) @ x[t].T)
+ D(L, b.z) = S(t, 1, T, D(L, p.z[t]))
""",
    "chains": """
; lstm
; forward
f[t] = sig(W.f @ x[t] + U.f @ h[t-1] + b.f)
i[t] = sig(W.i @ x[t] + U.i @ h[t-1] + b.i)
o[t] = sig(W.o @ x[t] + U.o @ h[t-1] + b.o)
g[t] = tanh(W.g @ x[t] + U.g @ h[t-1] + b.g)
c[t] = f[t] * c[t-1] + i[t] * g[t]
h[t] = o[t] * tanh(c[t])
; loss
L = S(t, 1, T, l[t])
; gates
+ D(L, f[t]) = D(L, c[t]) @ D(c[t], f[t])
- D(L, i[t]) = D(L, c[t]) @ D(c[t], f[t])
+ D(L, i[t]) = D(L, c[t]) * g[t]
+ D(L, o[t]) = D(L, h[t]) @ D(h[t], o[t])
; state
+ D(L, h[t]) = D(l[t], h[t]) + D(L, f[t+1]) @ D(f[t+1], h[t]) + D(L, i[t+1]) @ D(i[t+1], h[t]) + D(L, o[t+1]) @ D(o[t+1], h[t]) + D(L, g[t+1]) @ D(g[t+1], h[t])
- D(L, h[t]) = D(l[t], h[t]) + D(L, f[t+1]) @ D(f[t+1], h[t]) + D(L, i[t+1]) @ D(i[t+1], h[t]) + D(L, o[t+1]) @ D(o[t+1], h[t])
; weights
+ D(L, b.f) = S(t, 1, T, D(L, f[t]) @ D(f[t], b.f))
+ D(L, b.g) = S(t, 1, T, D(L, g[t]) * tl(g[t]))
- D(L, b.g) = S(t, 1, T, D(L, g[t]) @ D(f[t], b.g))
""",
}
