//! What was found, and by how much.

use super::Pair;

pub(super) static PAIRS: &[Pair] = &[
    ("{} % of chance", "随机水平的 {0} %"),
    ("{} times chance", "随机水平的 {0} 倍"),
    ("The first bad value of step {}: {}; {}.", "第 {0} 步的第一个坏值：{1}；{2}。"),
    (
        "The gradient grew on its way back until it was no number.",
        "梯度在回传途中不断增大，最终不再是有限的数。",
    ),
    (
        "In {} % of the steps the gradient grows on its way back: at the first of {} steps it is {} times that at the last.",
        "在 {0} % 的训练步中，梯度在回传途中增大：在 {1} 个时间步的第一步，它是最后一步的 {2} 倍。",
    ),
    (
        "Of the gradient {} is left {} steps back, where it is needed; the loss is {}.",
        "任务需要的信息在 {1} 步之前，梯度到那里只剩 {0}；损失是{2}。",
    ),
    (
        "Of the gradient {} is left at the first of {} steps, and nothing was learned: the loss is {}.",
        "在 {1} 个时间步的第一步，梯度只剩 {0}，而且什么也没有学到：损失是{2}。",
    ),
    ("nothing", "零"),
    ("After {} steps the best loss is {}.", "训练 {0} 步之后，最低损失是{1}。"),
    (
        "A step changes the weights by up to {} of their length ({} looks), and the loss is {}.",
        "一步更新对权重的改变最大达到其范数的 {0}（共观察 {1} 次），而损失是{2}。",
    ),
    (
        "The credit horizon is {} steps (95 %: {} to {}), and the task needs {}.",
        "信用视界为 {0} 步（95 % 区间 {1} 到 {2}），而任务需要 {3} 步。",
    ),
    ("The gradient goes {} steps back, and the task needs {}.", "梯度只回传 {0} 步，而任务需要 {1} 步。"),
    (
        "The gradient is cut off after {} steps, where it is alive, and the model uses {} steps.",
        "梯度在 {0} 步处被截断，此时它尚未消失，而模型实际使用了 {1} 步。",
    ),
    ("Nothing clips, and {}.", "没有任何梯度裁剪，并且{0}。"),
    ("a gradient grew until it was no number", "有一个梯度增大到不再是有限的数"),
    ("the median norm of the gradient is {}", "梯度范数的中位数为 {0}"),
    ("the longest gradients are {} times the median", "最大的梯度范数是中位数的 {0} 倍"),
    (
        "{} % of the late steps are clipped: the median norm is {}, {} times the limit {}.",
        "后期 {0} % 的训练步被裁剪：范数的中位数为 {1}，是阈值 {3} 的 {2} 倍。",
    ),
    ("The limit {} never acts, and {}.", "阈值 {0} 从未起作用，并且{1}。"),
    (
        "The largest Lyapunov exponent is {} nats per step: a small change is ten times as large after {} steps.",
        "最大李雅普诺夫指数为每步 {0} 奈特：微小的变化经过 {1} 步就放大到十倍。",
    ),
    (
        "After {} steps a change of the recurrent weights moves the state by {} times its length.",
        "经过 {0} 步，循环权重的改变使状态移动了该改变量范数的 {1} 倍。",
    ),
    ("In layer {} {} % of the values of {} are saturated.", "第 {0} 层中，{2} 的取值有 {1} % 处于饱和。"),
    (
        "In layer {} {} of {} units are 0 at every place.",
        "第 {0} 层的 {2} 个单元中，有 {1} 个在所有位置上都为 0。",
    ),
    (
        "In layer {} gate {} is shut at {} % of places and units.",
        "第 {0} 层的门 {1} 在 {2} % 的位置与单元上关闭。",
    ),
    (
        "In layer {} gate {} is open at {} % of places and units.",
        "第 {0} 层的门 {1} 在 {2} % 的位置与单元上打开。",
    ),
    ("Of the gradient at layer {} {} is left at layer 0.", "第 {0} 层的梯度传到第 0 层只剩 {1}。"),
    ("The numbers that are read have a root mean square of {}.", "输入数值的均方根为 {0}。"),
    ("In {} % of the rows nothing is scored.", "{0} % 的序列没有任何计入损失的目标。"),
    ("{} % of the places fill rows up.", "{0} % 的位置只是填充。"),
    ("a probe of the weights", "对权重的探测"),
    ("norms through time", "沿时间的梯度范数"),
    ("more steps", "更多的训练步"),
    ("what was asked for is no usable number", "目标不是可用的数"),
    (
        "what was asked for is no usable number (number {} of the data, from 0)",
        "目标不是可用的数（数据中的第 {0} 项，从 0 数起）",
    ),
    ("what was read is no usable number", "输入不是可用的数"),
    (
        "what was read is no usable number (number {} of the data, from 0)",
        "输入不是可用的数（数据中的第 {0} 项，从 0 数起）",
    ),
    (
        "nothing in the batch is scored: its loss is the mean of no losses",
        "这一批中没有计入损失的目标：损失成了零个数的平均",
    ),
    (
        "states are so large (up to {}) that products with them overflow",
        "状态过大（最大 {0}），与之相乘会溢出",
    ),
    (
        "states and outputs grew beyond what numbers hold; the largest sound state is {}",
        "状态与输出超出了数值范围；最大的正常状态为 {0}",
    ),
    (
        "the gradient grew on its way back through time, {} times a step over {} steps",
        "梯度沿时间回传时不断增大，在 {1} 步中每步变为 {0} 倍",
    ),
    ("the gradient grew on its way back", "梯度在回传途中不断增大"),
    (
        "the steps before were too large: the loss is {} times its least of the last steps, a step moves the weights by about {} of their norm",
        "之前的更新步子过大：损失是最近几步最小值的 {0} 倍，一步更新约为权重范数的 {1}",
    ),
    (
        "the steps before were too large: the loss is {} times its least of the last steps",
        "之前的更新步子过大：损失是最近几步最小值的 {0} 倍",
    ),
    (
        "the steps before were too large: a step moves the weights by about {} of their norm",
        "之前的更新步子过大：一步更新约为权重范数的 {0}",
    ),
    ("the rate of {} takes the weights beyond what numbers hold", "学习率 {0} 使权重超出数值范围"),
    ("a moment of the optimizer was bad before the step", "优化器的矩在这一步之前就已损坏"),
    ("the weights were bad before the step", "权重在这一步之前就已损坏"),
];
