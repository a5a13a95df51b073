//! What is held against a threshold, and where thresholds are from.

use super::Pair;

pub(super) static PAIRS: &[Pair] = &[
    // What is held against it.
    ("values that are not finite", "非有限值的个数"),
    (
        "log10 of ‖∂L/∂h‖ at the first step over that at the last, less log10 T",
        "第一步与最后一步的 ‖∂L/∂h‖ 之比的 log10，减去 log10 T",
    ),
    (
        "growth of a single loss's gradient, the largest over all lags",
        "单个损失的梯度的增长，取所有滞后中的最大值",
    ),
    ("share of the steps in which it does", "出现该现象的训练步比例"),
    ("share of the gradient that is left at the lag that is needed", "在所需滞后处剩余的梯度比例"),
    ("best loss over that of chance", "最低损失与随机水平之比"),
    ("loss over that of chance", "损失与随机水平之比"),
    ("share of the planned steps", "占计划步数的比例"),
    ("steps", "训练步数"),
    (
        "fall of the last quarter below the one before it, in standard errors",
        "最后四分之一的损失比前一个四分之一低多少，以标准误计",
    ),
    ("‖Δw‖ / ‖w‖ of a step", "一步的 ‖Δw‖ / ‖w‖"),
    ("the largest ‖Δw‖ / ‖w‖ of all looks", "所有观察中最大的 ‖Δw‖ / ‖w‖"),
    ("late loss over the best before", "后期损失与此前最低损失之比"),
    ("upper end of the horizon's interval, in steps", "视界区间的上端（步）"),
    ("K, in steps", "K（步）"),
    ("steps that are used over steps that the gradient goes back", "实际使用的步数与梯度回传的步数之比"),
    ("largest norms (99.5th percentile) over the median", "最大范数（第 99.5 百分位）与中位数之比"),
    ("share of late steps that are clipped", "后期被裁剪的训练步比例"),
    (
        "largest Lyapunov exponent, nats per step, less two standard errors",
        "最大李雅普诺夫指数（奈特/步）减去两倍标准误",
    ),
    ("growth of a small change over a window", "微小变化在一个窗口内的增长"),
    ("root mean square of ‖∂h_t/∂W_hh‖", "‖∂h_t/∂W_hh‖ 的均方根"),
    ("share of places and units beyond 0.95", "超过 0.95 的位置与单元的比例"),
    ("the share where the loss is low all the same", "损失仍然很低时的比例"),
    ("share of units that are 0 at every place", "在所有位置都为 0 的单元比例"),
    (
        "share of places and units at which a gate is below 0.05 (above 0.95)",
        "门低于 0.05（高于 0.95）的位置与单元的比例",
    ),
    (
        "gradient at the bottom layer over that at the top, within one step",
        "同一时间步内，底层与顶层的梯度之比",
    ),
    ("root mean square of what is read", "输入的均方根"),
    ("share of places that repeat their neighbour up to a row's end", "一直重复相邻值直到序列末端的位置比例"),
    ("share of rows in which nothing is scored", "没有任何目标计入损失的序列比例"),
    // Where thresholds are from.
    ("none can be learned from", "任何一个都无法从中学习"),
    (
        "a sum of T losses is at most T times one of them; AutoTrainer (Zhang et al. 2021) calls 70 exploding",
        "T 个损失之和至多是其中一个的 T 倍；AutoTrainer（Zhang et al. 2021）以 70 为爆炸",
    ),
    ("runs with planted faults, first half", "人为植入故障的训练，前一半"),
    (
        "runs with planted faults, first half: 0.06 in good runs",
        "人为植入故障的训练，前一半：正常训练为 0.06",
    ),
    (
        "AutoTrainer (Zhang et al. 2021): first over last below 1e-3",
        "AutoTrainer（Zhang et al. 2021）：首尾之比低于 1e-3",
    ),
    (
        "AutoTrainer (Zhang et al. 2021): first over last layer below 1e-3",
        "AutoTrainer（Zhang et al. 2021）：首层与末层之比低于 1e-3",
    ),
    (
        "AutoTrainer (Zhang et al. 2021) takes 70 % of zero gradients; runs with planted faults, first half",
        "AutoTrainer（Zhang et al. 2021）取 70 % 的零梯度；人为植入故障的训练，前一半",
    ),
    (
        "who has learned what lies back there has a gradient that was enough",
        "已经学到那里的信息，说明梯度足够",
    ),
    ("who has learned half of it does reach there", "已经学到一半，说明能够到达那里"),
    (
        "of fewer a flat stretch is no sign: many a run that learns begins with one",
        "步数更少时，平坦的一段说明不了什么：许多能学会的训练都以平台期开始",
    ),
    (
        "a loss that falls so clearly, and by its pace were below the first threshold after as many steps again, is \
         of a run that is short, and nothing is said",
        "损失若下降得如此明显，并且按这样的速度再训练同样多的步就会低于第一个阈值，那只是训练得太短，不作判断",
    ),
    ("before that nothing is said", "在此之前不作判断"),
    (
        "about 1e-3 is usual (Karpathy's rule of thumb); runs with planted faults, first half",
        "通常约为 1e-3（Karpathy 的经验法则）；人为植入故障的训练，前一半",
    ),
    ("large steps that lead somewhere do no harm", "步子虽大但有进展时无害"),
    ("the lag that the task needs", "任务所需的滞后"),
    (
        "a model uses what it was given a gradient for, and the state that is carried brings more",
        "模型会使用有梯度到达的信息，延续下来的状态还会带来更多",
    ),
    ("a limit of 0.5 times the mean norm cuts less", "平均范数 0.5 倍的阈值裁剪得更少"),
    (
        "Pascanu et al. 2013, §3.2: a limit of 0.5 to 10 times the mean norm",
        "Pascanu et al. 2013，§3.2：阈值取平均范数的 0.5 到 10 倍",
    ),
    (
        "0 is the border; a margin for short trajectories: runs with planted faults, first half",
        "边界为 0；为短轨迹留出余量：人为植入故障的训练，前一半",
    ),
    (
        "runs with planted faults, first half; t³/3 at an eigenvalue of 1 (Zucchet, Orvieto 2024)",
        "人为植入故障的训练，前一半；特征值为 1 时是 t³/3（Zucchet, Orvieto 2024）",
    ),
    (
        "beyond 0.95 the derivative is under 0.1; the share: runs with planted faults, first half",
        "超过 0.95 时导数低于 0.1；比例：人为植入故障的训练，前一半",
    ),
    (
        "the edges: Karpathy, Johnson, Fei-Fei 2015; the share: runs with planted faults, first half",
        "界限：Karpathy, Johnson, Fei-Fei 2015；比例：人为植入故障的训练，前一半",
    ),
    (
        "standardised numbers have 1; runs with planted faults, first half",
        "标准化的数值为 1；人为植入故障的训练，前一半",
    ),
    ("half of the work", "一半的计算量"),
    ("half of the rows", "一半的序列"),
];
