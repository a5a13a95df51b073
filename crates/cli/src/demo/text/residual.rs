//! Act 5: a residual connection through time.

use super::super::act::{Act, both};
use super::super::tour::{Network, Row, Sentence};
use super::figures::{accuracy, figure, known, power};

pub(in super::super) fn residual(sentence: &Sentence, rnn: &Network, residual: &Network, row: &Row) -> Act {
    let (arrived, subject) = (residual.log10_arrived(), sentence.subject());
    let (share, plain_share, accuracy) = (power(arrived), power(rnn.log10_arrived()), accuracy(residual));
    let mut sentences = vec![
        both(
            "h_t = h_(t-1) + tanh(…): the network adds each word to its state instead of replacing the state. The sum is a direct \
             path back for the gradient.",
            "h_t = h_(t-1) + tanh(…)：每个词都加到已有的状态上，而不是取代它；这个和就是梯度回传的直路。",
        ),
        both(
            format!(
                "The share of the gradient that arrives at “{subject}” is {share}, compared with {plain_share} in the plain network."
            ),
            format!("到达 “{subject}” 的梯度比例为 {share}，普通网络只有 {plain_share}。"),
        ),
    ];
    if let Some(lambda) = row.after.lambda_nats_per_step
        && arrived > 0.0
        && lambda > 0.0
    {
        sentences.push(both(
            format!(
                "A share above 1 means that the gradient grows backwards through time. The largest Lyapunov exponent is {lambda:+.3} nats \
                 per step, so the gradient would explode in sentences that are long enough."
            ),
            format!(
                "比例大于 1 说明梯度在回传中变大：最大李雅普诺夫指数为每步 {lambda:+.3} 奈特，句子足够长时梯度会爆炸。"
            ),
        ));
    }
    sentences.push(if residual.knows() {
        both(
            format!("The network has learned the rule: its accuracy is {accuracy}."),
            format!("它学会了规则：准确率为 {accuracy}。"),
        )
    } else if residual.guesses() {
        both(
            format!("Even so, it has not learned the rule: its accuracy is {accuracy}."),
            format!("即便如此，它仍没有学会规则：准确率为 {accuracy}。"),
        )
    } else {
        both(
            format!("It has begun to learn the rule: its accuracy is {accuracy}."),
            format!("它开始学会规则：准确率为 {accuracy}。"),
        )
    });
    let [first, last] = residual.readings.sizes.map(figure);
    let distraction = known(residual.distraction(), 2);
    sentences.push(both(
        format!(
            "What it cannot do is select. It forgets nothing: the norm of its state is {first} after the first word and {last} \
             after the last. Another noun between subject and verb moves the answer {distraction} times as much as the subject does."
        ),
        format!(
            "它做不到的是选择。它什么都不忘：状态的范数在读完第一个词时是 {first}，读完最后一个词时是 {last}；\
             主语和动词之间的其他名词对答案的影响是主语的 {distraction} 倍。"
        ),
    ));
    Act::new(both("A residual connection through time", "跨时间的残差连接"), sentences)
}
