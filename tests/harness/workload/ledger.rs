//! W2: a ledger of ten thousand accounts, in a map with numbers or with texts for keys.
//!
//! The control has the persistent map that the machine's values have, with native keys and values and in the
//! hands of one owner: what is above its time is the price of the machine and not that of persistence.

use std::sync::Arc;

use cam::value::{Map, Value};
use imbl::OrdMap;

use super::{STEP, Unit, Workload, number, record};
use crate::generate::Mixer;

const ACCOUNTS: u32 = 10_000;
const DEPOSIT: i64 = 1_000_000;

/// What an account is known by.
pub trait Key: Ord + Clone {
    /// What reports call the ledger.
    const NAME: &'static str;
    /// The type in the language.
    const TYPE: &'static str;
    /// The key of account `number`.
    fn of(number: u32) -> Self;
    /// The key as the machine's.
    fn value(&self) -> Value;
}

impl Key for i64 {
    const NAME: &'static str = "W2 ledger";
    const TYPE: &'static str = "Int";

    fn of(number: u32) -> i64 {
        i64::from(number) * 7
    }

    fn value(&self) -> Value {
        Value::Int(*self)
    }
}

impl Key for Arc<str> {
    const NAME: &'static str = "W2t ledger";
    const TYPE: &'static str = "Text";

    fn of(number: u32) -> Arc<str> {
        format!("account-{number:05}").into()
    }

    fn value(&self) -> Value {
        Value::Text(Arc::clone(self))
    }
}

/// The ledger by hand.
pub struct Ledger<K> {
    accounts: OrdMap<K, i64>,
}

/// What a ledger is asked.
#[derive(Clone)]
pub enum Input<K> {
    /// Move money.
    Transfer {
        /// Who pays.
        from: K,
        /// Who is paid.
        to: K,
        /// How much.
        amount: i64,
    },
    /// Say what there is.
    Read(K),
}

/// What a ledger answers.
pub enum Output {
    /// Moved.
    Done,
    /// What there is.
    Holds(i64),
    /// Not moved.
    Refused,
}

impl<K: Key> Ledger<K> {
    /// `None` where an amount does not fit, `Some(None)` where the ledger refuses.
    fn transfer(&mut self, from: &K, to: &K, amount: i64) -> Option<Option<()>> {
        let (Some(have), Some(there)) = (self.accounts.get(from), self.accounts.get(to)) else {
            return Some(None);
        };
        if amount > *have || from == to {
            return Some(None);
        }
        let (have, there) = (have.checked_sub(amount)?, there.checked_add(amount)?);
        self.accounts.insert(from.clone(), have);
        self.accounts.insert(to.clone(), there);
        Some(Some(()))
    }

    fn random(mixer: &mut Mixer) -> Input<K> {
        let mut account = || K::of(mixer.next() % ACCOUNTS);
        let (from, to) = (account(), account());
        if mixer.below(4) == 0 {
            return Input::Read(from);
        }
        let amount = i64::from(mixer.next() % 100) + 1;
        Input::Transfer { from, to, amount }
    }
}

impl<K: Key> Workload for Ledger<K> {
    const NAME: &'static str = K::NAME;
    const UNIT: Unit = STEP;
    type Input = Input<K>;
    type Output = Output;

    fn source() -> String {
        let account = format!("type Account = {}", K::TYPE);
        include_str!("../../workloads/ledger.cam").replace("type Account = Int", &account)
    }

    fn start() -> Ledger<K> {
        Ledger {
            accounts: (0..ACCOUNTS)
                .map(|number| (K::of(number), DEPOSIT))
                .collect(),
        }
    }

    /// The second half gives back what the first half moved.
    fn inputs(count: usize) -> Vec<Input<K>> {
        let mut mixer = Mixer::new(2);
        let mut inputs: Vec<Input<K>> = (0..count.div_ceil(2))
            .map(|_| Ledger::random(&mut mixer))
            .collect();
        let back = |input: &Input<K>| match input.clone() {
            Input::Transfer { from, to, amount } => Input::Transfer {
                from: to,
                to: from,
                amount,
            },
            read @ Input::Read(_) => read,
        };
        let backs: Vec<Input<K>> = inputs.iter().map(back).collect();
        inputs.extend(backs);
        inputs
    }

    fn step(&mut self, input: &Input<K>) -> Option<Output> {
        Some(match input {
            Input::Transfer { from, to, amount } => match self.transfer(from, to, *amount)? {
                Some(()) => Output::Done,
                None => Output::Refused,
            },
            Input::Read(account) => match self.accounts.get(account) {
                Some(have) => Output::Holds(*have),
                None => Output::Refused,
            },
        })
    }

    fn state(&self) -> Value {
        let mut accounts = Map::default();
        for (key, have) in &self.accounts {
            accounts.insert(key.value(), Value::Int(*have));
        }
        Value::product(vec![Value::Map(accounts)])
    }

    fn input(input: &Input<K>) -> Value {
        match input {
            Input::Read(account) => Value::sum(0, account.value()),
            Input::Transfer { from, to, amount } => {
                record(1, vec![Value::Int(*amount), from.value(), to.value()])
            }
        }
    }

    fn output(output: &Output) -> Value {
        match output {
            Output::Done => Value::constructor(0),
            Output::Holds(have) => number(1, *have),
            Output::Refused => Value::constructor(2),
        }
    }
}
