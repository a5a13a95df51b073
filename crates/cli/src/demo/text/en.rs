//! In English.

use longspan_diagnose::{Language, fault::location};
use longspan_record::{Cause, FaultRecord};

use super::super::clipping::Direction;
use super::super::tour::{Course, Network, Options, Row, SUBJECT, Sentence, Unrolled};
use super::{a_step, chooses, farthest, figure, first_steps, jump, keeps, known, lag, percent, power, right};

pub(super) fn unrolled(sentence: &Sentence, unrolled: &Unrolled) -> String {
    let (words, lag) = (sentence.words.len(), lag(sentence));
    let log10 = unrolled.reading.log10_strength[SUBJECT];
    format!(
        "One layer that reads {words} words is, unrolled, {words} layers, and all of them share one matrix of {} weights. After the \
         last word it has to say was or were; nothing but the word “{subject}” tells which. The gradient of that one answer goes back \
         the way the words came, and is multiplied once a word. In this network, which has learned nothing yet, {} of it is left at \
         “{subject}”, {lag} steps back: {:.2} a step. It is a whispering game: each player passes on a part of what was heard.",
        unrolled.shared_weights,
        power(log10),
        a_step(log10, lag),
        subject = sentence.subject(),
    )
}

pub(super) fn explosion(options: &Options, sentence: &Sentence, course: &Course) -> String {
    let (first, largest, at) = jump(course);
    let begin = format!(
        "Now the recurrent weights have a gain of {} instead of 1, and relu instead of tanh, which holds nothing down: on its way back \
         the gradient grows from word to word.",
        options.gain
    );
    match &course.fault {
        Some(fault) => format!(
            "{begin} The loss of the first batch was {}, that of batch {at} was {}, and step {} could not be taken: nan. The first bad \
             value: {}. {} Most tools only say “loss: nan”; this is its address.",
            figure(first),
            figure(largest),
            fault.step,
            place(sentence, fault),
            cause(fault.cause),
        ),
        None => format!(
            "{begin} Here that went well for {} steps: the loss went from {} to {}, its largest value was {}. A larger --gain ends it.",
            course.losses_nats.len(),
            figure(first),
            figure(course.last_loss()),
            figure(largest),
        ),
    }
}

/// Where a bad value is, with the word that was read there.
fn place(sentence: &Sentence, fault: &FaultRecord) -> String {
    let word = fault.t.map_or(String::new(), |t| format!(" (word {} of {})", t + 1, sentence.words.len()));
    location(fault, Language::English) + &word
}

fn cause(cause: Cause) -> &'static str {
    match cause {
        Cause::StepTooLarge => "The step before it was too large: it threw the weights far off.",
        Cause::ForwardOverflow => "The states grew beyond what a number can hold.",
        Cause::GradientGrowth => "The gradient grew on its way back beyond what a number can hold.",
        _ => "`longspan explain non-finite` says what that means.",
    }
}

pub(super) fn clipping(options: &Options, course: &Course, direction: &Direction) -> String {
    let (first, ..) = jump(course);
    let end = match &course.fault {
        Some(fault) => {
            format!("Even so, step {} could not be taken: a brake is no cure for these weights.", fault.step)
        }
        None => format!(
            "{} of the {} steps were cut, the loss went from {} to {}, and no value went bad.",
            percent(course.clipped_share),
            course.losses_nats.len(),
            figure(first),
            figure(course.last_loss()),
        ),
    };
    format!(
        "The same run, but a gradient longer than {limit} is cut down to that length: a brake on a slope. The first gradient was {} \
         long, and {:.6} after the cut; the cosine between the two is {:.6}, so the direction stayed. A limit above its length, {}, \
         changed {} of its {} numbers. {end}",
        figure(direction.norm_before),
        direction.norm_after,
        direction.cosine,
        figure(direction.high_limit),
        direction.changed_below,
        direction.numbers,
        limit = options.limit,
    )
}

pub(super) fn vanishing(
    options: &Options,
    sentence: &Sentence,
    plain: &Network,
    clipped: &Network,
) -> String {
    let end = match (plain.guesses(), clipped.guesses()) {
        (true, true) => {
            "Neither has learned anything about it. This is the long-range dependency problem: what had to be learned lies back where \
             no gradient arrives, and no brake on what arrives helps."
        }
        (false, false) => "Here that was enough for both to learn from; at a larger --length it is not.",
        _ => "One of the two was lucky; at a larger --length neither is.",
    };
    format!(
        "With tanh and a gain of 1 the gradient does not explode, it fades: pressure lost in a long pipe. In the first {} steps of \
         training {} of it arrived at “{}” without clipping, and {} with a limit of {}. After {} steps the two are right about {} \
         and {} of {} fresh sentences; a coin is right about half of them, give or take {}. {end}",
        first_steps(options),
        power(plain.log10_arrived()),
        sentence.subject(),
        power(clipped.log10_arrived()),
        options.limit,
        options.steps,
        right(plain),
        right(clipped),
        clipped.sentences,
        percent(clipped.coin()),
    )
}

pub(super) fn residual(sentence: &Sentence, rnn: &Network, residual: &Network, row: &Row) -> String {
    let arrived = residual.log10_arrived();
    let grows = match row.after.lambda_nats_per_step {
        Some(lambda) if arrived > 0.0 && lambda > 0.0 => format!(
            " That is more than set out: the gradient grows on its way, and with a largest Lyapunov exponent of {lambda:+.3} a step it \
             would explode in sentences that are long enough."
        ),
        _ => String::new(),
    };
    let rule = match residual.knows() {
        true => "It has learned the rule",
        false if residual.guesses() => "It has not learned the rule all the same",
        false => "It has begun to learn the rule",
    };
    let sizes = residual.readings.sizes;
    format!(
        "h_t = h_(t-1) + tanh(…): each word is added to what is there, and the sum is a straight way back. {} of the gradient arrived \
         at “{}”, against {} in the plain network.{grows} {rule}: {} of the sentences are right. What it cannot do is choose: its \
         state has a length of {} after the first word and of {} after the last, nothing is let go, and another noun on the way moves \
         the answer {} times as much as the subject does.",
        power(arrived),
        sentence.subject(),
        power(rnn.log10_arrived()),
        right(residual),
        figure(sizes[0]),
        figure(sizes[1]),
        known(residual.distraction(), 2),
    )
}

pub(super) fn gates(
    options: &Options,
    sentence: &Sentence,
    residual: &Network,
    gru: &Network,
    lstm: &Network,
) -> String {
    let rule = match (gru.knows(), lstm.knows()) {
        (true, true) => "both have learned the rule",
        (false, false) => "neither has learned the rule this time",
        _ => "one of them has learned the rule",
    };
    let selects = match (chooses(gru, residual), chooses(lstm, residual)) {
        (true, true) => "Both read past them.",
        (true, false) => "The gru reads past them; the lstm, in this run, rather keeps everything.",
        (false, true) => "The lstm reads past them; the gru, in this run, does not.",
        (false, false) => "In this run neither makes more of a difference between them than the sum does.",
    };
    let forget = keeps(lstm).map_or(String::new(), |(subject, distractor)| {
        format!(
            " At the subject the lstm's forget gate lets {} of the cell through, at the other nouns {}: {} is left of what goes \
             through that {lag} times.",
            percent(subject),
            percent(distractor),
            figure(distractor.powi(lag(sentence) as i32)),
            lag = lag(sentence),
        )
    });
    format!(
        "A gate is a valve that the network sets anew at each word. gru and lstm are right about {} and {} of the sentences: {rule}. \
         Another noun on the way moves the answer of the gru {} times as much as the subject does, that of the lstm {} times, that of \
         the residual network {} times. {selects}{forget} In the first {} steps of training {} and {} of the gradient arrived at “{}”.",
        right(gru),
        right(lstm),
        known(gru.distraction(), 3),
        known(lstm.distraction(), 2),
        known(residual.distraction(), 2),
        first_steps(options),
        power(gru.log10_arrived()),
        power(lstm.log10_arrived()),
        sentence.subject(),
    )
}

pub(super) fn table(options: &Options, table: &[Row]) -> String {
    let farthest = table.iter().map(|row| match farthest(row) {
        Some(distance) => format!("{} {distance}", row.name),
        None => format!("{} none of them", row.name),
    });
    let short = table.iter().find(|row| row.is_short_but_right(options)).map(|row| {
        format!(
            " The {} knows the rule with a horizon of {} after training: a horizon counts from the gradient at the last word, which \
             the readout feeds directly. What goes back from there is small beside it, but keeps {} of itself a step.",
            row.name,
            row.after.horizon.as_ref().map_or(0, |horizon| horizon.steps),
            known(row.after.factor_per_step, 2),
        )
    });
    format!(
        "The horizon is how many steps back the gradient of one answer is more than a hundredth of what set out; it is measured on \
         sentences {} times as long as those of the training, before training and after. The farthest distance that was learned, of \
         those tried with {} steps each: {}.{}",
        super::super::PROBED,
        options.steps,
        farthest.collect::<Vec<_>>().join(", "),
        short.unwrap_or_default(),
    )
}
