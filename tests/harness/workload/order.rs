//! W3: a shop's order, five states and eight inputs. Nothing but branching.

use cam::value::Value;

use super::{STEP, Unit, Workload, number, record};
use crate::generate::Mixer;

/// The order by hand.
#[derive(Clone, Copy)]
pub enum Order {
    /// Nothing was ordered.
    Idle,
    /// Being filled.
    Cart {
        /// How many.
        items: i64,
        /// What they cost.
        total: i64,
    },
    /// Waiting for money.
    Paying {
        /// What is to be paid.
        total: i64,
        /// What was paid.
        paid: i64,
    },
    /// On its way.
    Shipped {
        /// What was paid.
        paid: i64,
        /// Which parcel.
        parcel: i64,
    },
    /// Over.
    Closed {
        /// What was paid.
        paid: i64,
        /// Whether it arrived.
        delivered: bool,
    },
}

/// What an order is asked.
#[derive(Clone, Copy)]
pub enum Input {
    /// A new cart.
    Open,
    /// One more item of this price.
    Add(i64),
    /// One less.
    Remove(i64),
    /// No more items.
    Checkout,
    /// Money.
    Pay(i64),
    /// It leaves.
    Ship {
        /// In this parcel.
        parcel: i64,
    },
    /// It arrives.
    Deliver,
    /// It is given up.
    Cancel,
}

/// What an order answers.
pub enum Output {
    /// Done.
    Ok,
    /// What the items cost.
    Total(i64),
    /// What is still to be paid.
    Due(i64),
    /// It left.
    Sent {
        /// In this parcel.
        parcel: i64,
    },
    /// It arrived.
    Receipt {
        /// What was paid.
        paid: i64,
        /// Which parcel.
        parcel: i64,
    },
    /// Money back.
    Refund(i64),
    /// Not now.
    No,
}

impl Workload for Order {
    const NAME: &'static str = "W3 order";
    const UNIT: Unit = STEP;
    type Input = Input;
    type Output = Output;

    fn source() -> String {
        include_str!("../../workloads/order.cam").to_owned()
    }

    fn start() -> Order {
        Order::Idle
    }

    /// Three of four fit the state they meet the first time round.
    fn inputs(count: usize) -> Vec<Input> {
        let mut mixer = Mixer::new(3);
        let mut order = Order::start();
        let mut next = || {
            let input = if mixer.below(4) == 0 {
                any(&mut mixer)
            } else {
                order.fitting(&mut mixer)
            };
            order.step(&input).map(|_| input)
        };
        (0..count).map_while(|_| next()).collect()
    }

    fn step(&mut self, input: &Input) -> Option<Output> {
        let (after, output) = match (input, *self) {
            (Input::Open, Order::Idle | Order::Closed { .. }) => {
                (Order::Cart { items: 0, total: 0 }, Output::Ok)
            }
            (Input::Add(price), Order::Cart { items, total }) if *price > 0 => {
                let (items, total) = (items.checked_add(1)?, total.checked_add(*price)?);
                (Order::Cart { items, total }, Output::Total(total))
            }
            (Input::Remove(price), Order::Cart { items, total })
                if items > 0 && *price <= total =>
            {
                let (items, total) = (items.checked_sub(1)?, total.checked_sub(*price)?);
                (Order::Cart { items, total }, Output::Total(total))
            }
            (Input::Checkout, Order::Cart { items, total }) if items > 0 => {
                (Order::Paying { total, paid: 0 }, Output::Due(total))
            }
            (Input::Pay(amount), Order::Paying { total, paid }) if *amount > 0 => {
                let due = total.checked_sub(paid)?.checked_sub(*amount)?;
                let paid = paid.checked_add(*amount)?;
                (Order::Paying { total, paid }, Output::Due(due))
            }
            (Input::Ship { parcel }, Order::Paying { total, paid }) if paid >= total => {
                let parcel = *parcel;
                (Order::Shipped { paid, parcel }, Output::Sent { parcel })
            }
            (Input::Deliver, Order::Shipped { paid, parcel }) => {
                let delivered = true;
                let receipt = Output::Receipt { paid, parcel };
                (Order::Closed { paid, delivered }, receipt)
            }
            (Input::Cancel, Order::Cart { .. }) => (Order::Idle, Output::Ok),
            (Input::Cancel, Order::Paying { paid, .. }) => {
                let (none, delivered) = (0, false);
                let closed = Order::Closed {
                    paid: none,
                    delivered,
                };
                (closed, Output::Refund(paid))
            }
            _ => return Some(Output::No),
        };
        *self = after;
        Some(output)
    }

    fn state(&self) -> Value {
        let int = Value::Int;
        match *self {
            Order::Cart { items, total } => record(0, vec![int(items), int(total)]),
            Order::Closed { paid, delivered } => record(1, vec![Value::bool(delivered), int(paid)]),
            Order::Idle => Value::constructor(2),
            Order::Paying { total, paid } => record(3, vec![int(paid), int(total)]),
            Order::Shipped { paid, parcel } => record(4, vec![int(paid), int(parcel)]),
        }
    }

    fn input(input: &Input) -> Value {
        match *input {
            Input::Add(price) => number(0, price),
            Input::Cancel => Value::constructor(1),
            Input::Checkout => Value::constructor(2),
            Input::Deliver => Value::constructor(3),
            Input::Open => Value::constructor(4),
            Input::Pay(amount) => number(5, amount),
            Input::Remove(price) => number(6, price),
            Input::Ship { parcel } => record(7, vec![Value::Int(parcel)]),
        }
    }

    fn output(output: &Output) -> Value {
        match *output {
            Output::Due(due) => number(0, due),
            Output::No => Value::constructor(1),
            Output::Ok => Value::constructor(2),
            Output::Receipt { paid, parcel } => {
                record(3, vec![Value::Int(paid), Value::Int(parcel)])
            }
            Output::Refund(paid) => number(4, paid),
            Output::Sent { parcel } => record(5, vec![Value::Int(parcel)]),
            Output::Total(total) => number(6, total),
        }
    }
}

impl Order {
    /// An input that a customer or the shop would send now.
    fn fitting(self, mixer: &mut Mixer) -> Input {
        match self {
            Order::Idle | Order::Closed { .. } => Input::Open,
            Order::Cart { items, .. } if items > 2 => Input::Checkout,
            Order::Cart { .. } => Input::Add(price(mixer)),
            Order::Paying { total, paid } if paid < total => Input::Pay(price(mixer)),
            Order::Paying { .. } => Input::Ship {
                parcel: price(mixer),
            },
            Order::Shipped { .. } => Input::Deliver,
        }
    }
}

fn any(mixer: &mut Mixer) -> Input {
    match mixer.below(8) {
        0 => Input::Open,
        1 => Input::Add(price(mixer)),
        2 => Input::Remove(price(mixer)),
        3 => Input::Checkout,
        4 => Input::Pay(price(mixer)),
        5 => Input::Ship {
            parcel: price(mixer),
        },
        6 => Input::Deliver,
        _ => Input::Cancel,
    }
}

/// Sometimes a strange one.
fn price(mixer: &mut Mixer) -> i64 {
    i64::from(mixer.next() % 1000) - 20
}
