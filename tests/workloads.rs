//! The workloads that engines are measured on mean the same in the language and by hand.

use std::sync::Arc;

use cam::instance::Instance;
use cam::limits::{INPUT_WEIGHT_MAX, OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX};
use cam::types::TypeId;
use cam::value::Value;
use cam::{decode, encode};
use harness::workload::{
    Compute, Counter, Ledger, Order, Tokens, Workload, compiled, context, instance,
};

/// Machine and control give the same answers and end in the same state, on values and through bytes.
fn agree<W: Workload>(steps: usize) {
    let mut machine = instance::<W>(cam::instance::Engine::Register)
        .expect("the machine compiles, and its control starts in its state");
    let mut control = W::start();
    for (index, input) in W::inputs(steps).iter().enumerate() {
        let types = machine.program().input_type();
        let given = through_bytes(&machine, types, &W::input(input), INPUT_WEIGHT_MAX);
        let answer = machine.step(&context(), given);
        match (answer, control.step(input)) {
            (Ok(answer), Some(output)) => {
                let types = machine.program().output_type();
                let output = W::output(&output);
                assert_eq!(answer.output, output, "{} answer {index}", W::NAME);
                through_bytes(&machine, types, &output, OUTPUT_WEIGHT_MAX);
            }
            (Err(_), None) => {}
            (answer, output) => {
                assert_eq!(
                    answer.is_ok(),
                    output.is_some(),
                    "{} answer {index}",
                    W::NAME
                );
            }
        }
    }
    assert_eq!(machine.state(), control.state(), "{}", W::NAME);
    let types = machine.program().state_type();
    through_bytes(&machine, types, &machine.state(), STATE_WEIGHT_MAX);
}

/// The value, written and read.
fn through_bytes(machine: &Instance, of: TypeId, value: &Value, weight_max: u64) -> Value {
    let types = machine.program().types();
    let read =
        decode::value(types, of, &encode::value(value), weight_max).expect("it is of its type");
    assert_eq!(read, *value);
    read
}

/// What the inputs do is done: a workload of refusals alone measures nothing.
fn answers<W: Workload>(count: usize) -> Vec<Value> {
    let mut control = W::start();
    let inputs = W::inputs(count);
    let outputs = inputs.iter().filter_map(|input| control.step(input));
    outputs.map(|output| W::output(&output)).collect()
}

#[test]
fn machine_and_control_agree_on_the_counter() {
    agree::<Counter>(4000);
}

#[test]
fn machine_and_control_agree_on_the_ledger_with_numbers_for_keys() {
    agree::<Ledger<i64>>(2000);
}

#[test]
fn machine_and_control_agree_on_the_ledger_with_texts_for_keys() {
    agree::<Ledger<Arc<str>>>(2000);
}

#[test]
fn machine_and_control_agree_on_the_order() {
    agree::<Order>(8000);
}

#[test]
fn machine_and_control_agree_on_the_sum() {
    agree::<Compute>(1000);
}

#[test]
fn machine_and_control_agree_on_mean_and_variance() {
    agree::<Tokens>(2000);
}

#[test]
fn the_traces_of_the_workloads_pass() {
    fn traces<W: Workload>() {
        let compiled = compiled::<W>().unwrap_or_else(|problems| unreachable!("{problems}"));
        for report in dsl::trace::run(&compiled) {
            let failure = report.failure.map(|problem| problem.title);
            assert_eq!(failure, None, "{} {}", W::NAME, report.title);
        }
    }
    traces::<Counter>();
    traces::<Ledger<i64>>();
    traces::<Ledger<Arc<str>>>();
    traces::<Order>();
    traces::<Compute>();
    traces::<Tokens>();
}

#[test]
fn the_ledger_moves_money_three_times_out_of_four_and_gives_all_of_it_back() {
    let answers = answers::<Ledger<i64>>(4000);
    let done = answers
        .iter()
        .filter(|answer| **answer == Value::constructor(0));
    assert!((2900..3100).contains(&done.count()));
    let mut control = Ledger::<i64>::start();
    for input in Ledger::<i64>::inputs(4000) {
        control.step(&input);
    }
    assert_eq!(control.state(), Ledger::<i64>::start().state());
}

#[test]
fn the_order_meets_every_answer_and_refuses_less_than_a_third() {
    let answers = answers::<Order>(8000);
    let tagged = |wanted: u8| {
        let of_it = |answer: &&Value| matches!(answer, Value::Sum(tag, _) if *tag == wanted);
        answers.iter().filter(of_it).count()
    };
    for tag in 0..7 {
        assert!(tagged(tag) > 20, "answer {tag} came {} times", tagged(tag));
    }
    assert!(tagged(1) * 3 < answers.len(), "{} refusals", tagged(1));
}
