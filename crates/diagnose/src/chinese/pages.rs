//! The pages of the rules.

use crate::language::Told;

/// The page of the rule with that code.
pub(crate) fn page(code: &str) -> Option<Told> {
    PAGES.iter().find(|(of, _)| *of == code).map(|(_, told)| *told)
}

static PAGES: &[(&str, Told)] = &[
    (
        "non-finite",
        Told {
            title: "出现非有限值",
            meaning: "某一步的损失或梯度为 NaN 或无穷大：这一步没有执行，训练无法继续。第一个坏值比最后一个更能说明问题：它在哪里，由什么而来。",
            measured: "每一步的损失与梯度范数。失败之后，从这一步之前的权重重新运行同一批数据，按计算顺序检查每一个值。",
            false_alarm: "这批数据本来就不应用于学习：可以把它去掉",
            remedy: "取决于原因。输入有误：修正数据。梯度在回传中增大：--clip norm:1。状态溢出：更小的 --init，或有界的单元。步子过大：更小的 --lr。",
        },
    ),
    (
        "exploding-gradient",
        Told {
            title: "梯度沿时间爆炸",
            meaning: "梯度在回传时每一步都乘以同一个雅可比矩阵。若它放大梯度，梯度就按指数增长：窗口开头得到的梯度是末尾的数千倍，信息很少，却淹没了其余部分。损失先是跳动，然后变为 NaN。",
            measured: "每个窗口第一步与最后一步的 ‖∂L/∂h_t‖ 之比，取最大的一层；以及是否有一步因此失败。",
            false_alarm: "窗口的最后一步自身几乎没有损失，因此分母很小",
            remedy: "按全局范数裁剪：限制步长，保持方向。更小的循环权重谱半径（--init orthogonal:0.9）、门控（--cell gru 或 lstm）或更小的 --lr 可以消除原因。",
        },
    ),
    (
        "vanishing-gradient",
        Told {
            title: "梯度在到达所需位置之前消失",
            meaning: "梯度在回传时每一步都缩小一定倍数。离得太远、梯度几乎到不了的内容，无论训练多久都学不到。裁剪无济于事，它只会让梯度更小。",
            measured: "在数据所需的滞后处，单个损失的梯度还剩多少：取自探测得到的滞后曲线，否则取窗口第一步与最后一步的 ‖∂L/∂h_t‖ 之比。",
            false_alarm: "所需的信息比数据声明的更近。若所需滞后未知而模型学到了东西，本规则不作声：有用信息之后的梯度消失是正常的",
            remedy: "使用偏向保留的门控（--cell gru 或 lstm，配合 --forget-bias 3、--init chrono:LAG），或沿时间的残差连接；接近正交矩阵的循环权重。先用较短的序列。",
        },
    ),
    (
        "loss-at-chance",
        Told {
            title: "损失停留在随机水平",
            meaning: "模型并不比什么都不看的猜测更好。曲线平坦的原因很多：梯度传不回去，步子太小或太大，单元死亡，输入的大小使单元饱和。",
            measured: "最佳验证损失（或二十个训练步损失的中位数）与什么都不看时最佳猜测的损失之比。",
            false_alarm: "数据中没有可学的内容，或平台期即将结束：复制与加法任务会在随机水平停留数千步，然后才下降",
            remedy: "先看其他诊断结果。如果没有：更大的 --lr、更多的训练步，或偏向保留的门（--forget-bias 3）。",
        },
    ),
    (
        "step-too-large",
        Told {
            title: "更新步子过大",
            meaning: "梯度只在很短的距离内指明下降方向。走得更远就可能落在任何地方：损失跳动、上升，或停在单元饱和的地方。",
            measured: "在仔细观察的训练步上，全部权重的 ‖Δw‖ / ‖w‖；以及损失：有多差，之前是否更好。",
            false_alarm: "从接近零开始的权重一下子翻倍，然后稳定下来：只有持续的现象才算数",
            remedy: "更小的 --lr；--schedule cosine 以小步子结束。",
        },
    ),
    (
        "horizon-below-need",
        Told {
            title: "信用视界短于所需的滞后",
            meaning: "信用视界是单个损失的梯度仍剩百分之一时所能回溯的步数。若数据需要更远，那里的内容学得很慢，或者根本学不到。",
            measured: "探测得到的视界及其 95 % 区间（对序列重采样），与合成任务所需的滞后相比较。",
            false_alarm: "训练刚刚开始：随着门学会保留，视界会变长。某一个方向上的小梯度也可能足够",
            remedy: "能延长视界的做法：--cell lstm --forget-bias 3、--init chrono:LAG、正交的循环权重。",
        },
    ),
    (
        "truncation-too-short",
        Told {
            title: "梯度在到达所需位置之前被截断",
            meaning: "截断的沿时间反向传播只回溯 K 步：状态延续下去，梯度则不然。比 K 更远的内容只能碰运气学到。",
            measured: "K 与任务所需的滞后相比；否则，对做过探测的模型，与它实际使用的滞后相比，前提是截断处的梯度仍剩百分之一以上。",
            false_alarm: "更远处没有新的信息：把 --unroll 加倍训练并比较",
            remedy: "更大的 --unroll；--bptt-memory 限制所需的内存。",
        },
    ),
    (
        "clip-missing",
        Told {
            title: "没有限制梯度，而有些梯度非常大",
            meaning: "循环网络的损失面有悬崖：梯度会突然增大数百倍。这样的一步可以毁掉数千步的成果。裁剪缩短它的长度，保持它的方向。",
            measured: "最大的范数与中位数之比；以及是否有一步因梯度增大而失败。",
            false_alarm: "大的梯度只出现在开头，即网络离开初始权重的时候：前十分之一的训练步不计入",
            remedy: "--clip norm:C，C 约为范数中位数的两倍。",
        },
    ),
    (
        "clip-always",
        Told {
            title: "每一步都在裁剪",
            meaning: "远低于通常范数的阈值并不能拦截异常值：它让每一步都一样长，不管梯度如何。这会掩盖过高的学习率；若优化器不做缩放，则会使所有步子都极小。",
            measured: "后期被裁剪的训练步比例，以及范数中位数与阈值之比。",
            false_alarm: "这是有意为之：等长的步子本身就是一种方法。Adam 会重新缩放，几乎不受影响",
            remedy: "阈值约为范数中位数的两倍。",
        },
    ),
    (
        "clip-never",
        Told {
            title: "裁剪从未起作用，而它本应起作用",
            meaning: "高于所有梯度的阈值等于没有阈值。若少数梯度远大于其余梯度，或有一个梯度终止了训练，它本应拦截它们。",
            measured: "是否有任何一步被裁剪；阈值与范数中位数之比；范数分布的尾部有多重。",
            false_alarm: "这些大的梯度是正确的：数据中的罕见事件本来就罕见",
            remedy: "阈值约为范数中位数的两倍。",
        },
    ),
    (
        "chaotic-dynamics",
        Told {
            title: "动力学是混沌的",
            meaning: "两个几乎相同的状态最终会走向完全不同的地方：很久以前读到的内容不再起作用，回传的梯度也按同样的倍数增长。有输入时，这是条件指数：它只对这些输入所驱动的轨迹成立。",
            measured: "沿数据轨迹的最大李雅普诺夫指数（Benettin 1980；Vogt 2020；Engelken 2020）。单元是有界的，因此增长不会只是状态本身的增长。",
            false_alarm: "轨迹短于一百步，其中的增长可能只是暂时的",
            remedy: "更小的循环增益（--init orthogonal:1、gaussian:0.9）、更小的 --lr，或门控。",
        },
    ),
    (
        "sensitivity-explosion",
        Told {
            title: "状态对权重的依赖过强",
            meaning: "网络记得越久，循环权重的微小改变就越能移动它的状态，即使梯度没有爆炸：这就是“记忆的诅咒”。此时步子必须极小。",
            measured: "t 步之后的 √E‖∂h_t/∂W_hh‖²，t 直到最长的序列，用随机符号估计（Hutchinson 1989）。",
            false_alarm: "学习率已经足够小：损失平滑下降",
            remedy: "更小的 --lr、门控（按遗忘的多少缩放写入的内容）、略低于 1 的谱半径。",
        },
    ),
    (
        "saturated-units",
        Told {
            title: "大多数单元饱和",
            meaning: "接近极限的 tanh 是平的：它几乎只表示一个符号，也几乎不让梯度通过，既到不了自己的权重，也到不了之前的时间步。",
            measured: "tanh 超过 0.95 的（位置, 单元）对的比例：rnn 的状态，gru、lstm、residual 的候选值。",
            false_alarm: "网络本来就要保存二值信息，并且已经学会了该学的内容",
            remedy: "更小的初始权重（--init orthogonal:1、uniform）、更小的 --lr、缩放到 1 左右的输入。",
        },
    ),
    (
        "dead-units",
        Told {
            title: "大多数 relu 单元已死亡",
            meaning: "对任何输入都为 0 的 relu，对每个权重的梯度也为 0：它再也不会恢复。",
            measured: "在所观察的各批数据中，所有位置都为 0 的单元比例。",
            false_alarm: "观察的位置很少，这些单元只是少见，并未死亡",
            remedy: "更小的 --lr、--init identity（IRNN；Le et al. 2015），或使用 tanh 的单元。",
        },
    ),
    (
        "stuck-gates",
        Told {
            title: "有一个门卡住",
            meaning: "处处关闭的门不做选择：关闭的遗忘门什么也不保留，关闭的输入门或输出门什么也不让进出，总是保留的更新门什么也不写入。它自己的梯度几乎为零，因此保持不变。",
            measured: "门低于 0.05 或高于 0.95 的（位置, 单元）对的比例。打开的遗忘门不是故障：它在保留，正如它应该做的。",
            false_alarm: "只有最后读到的内容有用，因此不必保留任何东西",
            remedy: "从居中的偏置开始：--forget-bias 1（lstm）、别的 --init；更小的 --lr。",
        },
    ),
    (
        "vanishing-across-layers",
        Told {
            title: "梯度逐层消失",
            meaning: "层的深度与时间的深度是一回事：梯度每往下一层就乘一次。若几乎没有梯度到达底层，这些层就停留在初始状态。",
            measured: "在损失所在的时间步，底层与顶层的 ‖∂ℓ_t/∂s_t‖ 之比的中位数。",
            false_alarm: "较低的层从之后的时间步沿时间得到梯度",
            remedy: "--layer-residual、--layer-norm，或更少的 --layers。",
        },
    ),
    (
        "unscaled-input",
        Told {
            title: "输入没有缩放",
            meaning: "初始权重的大小适合 1 左右的数值。更大的数值一开始就把每个单元推向极限。",
            measured: "在所观察的各批数据中，输入数值的均方根。",
            false_alarm: "许多通道中只有一个很大，其余都正常：请查看 `longspan inspect`",
            remedy: "对通道做标准化。对数值序列和带标签的序列，程序会自动完成；自己的数据源需要自行处理。",
        },
    ),
    (
        "padding-dominated",
        Told {
            title: "一批数据的大部分是填充",
            meaning: "填充到同一长度的序列，开销与真有那么长一样，梯度还必须穿过全部填充。没有任何目标的序列耗费全部开销，却什么也教不了。",
            measured: "序列末端重复同一输入的位置比例，以及没有目标的序列比例。",
            false_alarm: "数据在末端本来就是常数：边缘空白的图像，静止的传感器",
            remedy: "让每条序列保持自己的长度：这里的批处理不需要填充。去掉没有目标的序列。",
        },
    ),
];
