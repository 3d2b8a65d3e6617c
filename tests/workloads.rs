//! The workloads that engines are measured on mean the same in the language and by hand.

use std::sync::Arc;

use cam::instance::{Engine, Instance};
use cam::limits::{INPUT_WEIGHT_MAX, OUTPUT_WEIGHT_MAX, STATE_WEIGHT_MAX};
use cam::types::TypeId;
use cam::value::Value;
use cam::{decode, encode};
use harness::workload::{
    Compute, Counter, Ledger, Order, Tokens, Workload, compiled, context, instance,
};

/// Machine and control give the same answers and end in the same state, on both engines, on values and on bytes.
fn agree<W: Workload>(steps: usize) {
    for engine in [Engine::Register, Engine::Reference] {
        agree_on::<W>(engine, steps);
    }
}

fn agree_on<W: Workload>(engine: Engine, steps: usize) {
    let start = || instance::<W>(engine).expect("the machine starts in its control's state");
    let (mut machine, mut on_bytes, mut control) = (start(), start(), W::start());
    for (index, input) in W::inputs(steps).iter().enumerate() {
        let input_type = machine.program().input_type();
        let given = through_bytes(&machine, input_type, &W::input(input), INPUT_WEIGHT_MAX);
        let encoded = after_bytes(&mut on_bytes, &encode::value(&given));
        let answer = machine.step(&context(), given).ok();
        let output = control.step(input).map(|output| W::output(&output));
        let place = format!("{} on {engine:?}, answer {index}", W::NAME);
        assert_eq!(answer.map(|answer| answer.output), output, "{place}");
        assert_eq!(encoded, output.as_ref().map(encode::value), "{place}");
        if let Some(output) = output {
            let output_type = machine.program().output_type();
            through_bytes(&machine, output_type, &output, OUTPUT_WEIGHT_MAX);
        }
    }
    for machine in [machine, on_bytes] {
        assert_eq!(machine.state(), control.state(), "{}", W::NAME);
        assert_eq!(machine.engine(), engine, "{} went to the judge", W::NAME);
        let state_type = machine.program().state_type();
        through_bytes(&machine, state_type, &machine.state(), STATE_WEIGHT_MAX);
    }
}

/// The bytes of the answer, if the step goes through.
fn after_bytes(machine: &mut Instance, input: &[u8]) -> Option<Vec<u8>> {
    let pending = machine.attempt_encoded(&context(), input).ok()?;
    let mut output = Vec::new();
    pending.encode_output(&mut output);
    pending.commit();
    Some(output)
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
