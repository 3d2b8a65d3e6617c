//! Chains: migrations one after another, as one module.
//!
//! The functions of all steps come under new numbers into one module, and what one step offers is joined with
//! what the next one offers, code after code. So a chain traps where a step traps, with the step's reason, and costs
//! what its steps cost. A body that called the steps would be shorter and a level higher, and a migration that uses
//! all levels could not be a step.
//!
//! If a step is told the moment, so is the chain. It keeps the moment below everything else on the stack, where no
//! step reaches, and hands it on until the last step that asks has it.
//!
//! Nobody trusts a linker: what comes out is [`Bytecode`], for the verifier to judge like any other.

use std::fmt;

use crate::bytecode::{Body, Bytecode};
use crate::code::Code;
use crate::combinator::{FunctionId, Role};
use crate::conversion::Conversion;
use crate::encode;
use crate::instruction::{Instruction, Names};
use crate::layout::{Constants, TooLarge, lay_out};
use crate::limits::{FUNCTION_INSTRUCTIONS_MAX, MODULE_BYTES_MAX};
use crate::types::{TypeId, TypeTable};
use crate::verify::Migration;

/// What may be joined.
const ROLES: [Role; 4] = [Role::Migrate, Role::Input, Role::Output, Role::Back];

/// Why migrations are no chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unlinked {
    /// There are none.
    Empty,
    /// One does not start where the one before it ends.
    Gap {
        /// Its place in the chain, from 0.
        step: usize,
        /// The function that does not follow.
        role: Role,
    },
    /// Together they are larger than a module may be.
    TooLarge(TooLarge),
}

impl fmt::Display for Unlinked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unlinked::Empty => f.write_str("no migration is no chain"),
            Unlinked::Gap { step, role } => {
                let (role, number) = (role.word(), step + 1);
                write!(
                    f,
                    "`{role}` of step {number} does not start where step {step} ends"
                )
            }
            Unlinked::TooLarge(refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for Unlinked {}

impl From<TooLarge> for Unlinked {
    fn from(refusal: TooLarge) -> Unlinked {
        Unlinked::TooLarge(refusal)
    }
}

/// The migrations of `steps`, oldest first, as one. It has adapters if all of them have, and a way back if all
/// of them have.
///
/// # Errors
/// [`Unlinked`] if one does not follow the one before it, or the limits of a module are exceeded.
pub fn chain(steps: &[&Migration]) -> Result<Bytecode, Unlinked> {
    if let [only] = steps {
        return Ok(only.code().bytecode().clone());
    }
    let mut linker = Linker::default();
    let linked: Vec<Linked> = steps.iter().map(|step| linker.take_in(step)).collect();
    let mut exports = Vec::new();
    if steps.is_empty() {
        return Err(Unlinked::Empty);
    }
    for role in ROLES {
        let offered: Option<Vec<Offer>> = linked.iter().map(|step| step.offers(role)).collect();
        let Some(mut way) = offered else { continue };
        let is_backwards = matches!(role, Role::Output | Role::Back);
        if is_backwards {
            way.reverse();
        }
        let is_told = way.iter().any(|offer| offer.is_stamped);
        let joined = linker.join(role, &way).map_err(|refused| match refused {
            // Counted from the newest step, and found at the older of the two.
            Unlinked::Gap { step, role } if is_backwards => Unlinked::Gap {
                step: steps.len() - step,
                role,
            },
            other => other,
        })?;
        let role = if is_told { role.stamped() } else { role };
        exports.push((role, joined));
    }
    let Linker {
        types,
        constants,
        bodies,
    } = linker;
    let module = lay_out(&types, constants, bodies, exports, None)?;
    let bytes = encode::module(&module).len();
    within("bytes in the module", bytes, MODULE_BYTES_MAX, None)?;
    Ok(module)
}

/// What is put together.
#[derive(Default)]
struct Linker {
    types: TypeTable,
    constants: Constants,
    bodies: Vec<Body>,
}

/// A step that is in: what it offers.
struct Linked {
    offers: Vec<(Role, Offer)>,
}

impl Linked {
    fn offers(&self, role: Role) -> Option<Offer> {
        let found = self.offers.iter().find(|(own, _)| *own == role);
        found.map(|(_, offer)| *offer)
    }
}

/// A conversion of a step, under the new numbers.
#[derive(Clone, Copy)]
struct Offer {
    function: FunctionId,
    /// The type of what it converts.
    takes: TypeId,
    /// Whether it is told the moment.
    is_stamped: bool,
}

/// The numbers of one step in the whole.
struct Renamed {
    types: Vec<TypeId>,
    constants: Vec<u32>,
    first_function: u32,
}

impl Names for Renamed {
    fn type_name(&self, id: TypeId) -> TypeId {
        self.types[id.index()]
    }

    fn function_name(&self, function: FunctionId) -> FunctionId {
        FunctionId(self.first_function + function.0)
    }
}

impl Renamed {
    fn instruction(&self, instruction: Instruction) -> Instruction {
        match instruction {
            Instruction::Quote(index) => Instruction::Quote(self.constants[index as usize]),
            other => other.renamed(self),
        }
    }

    fn body(&self, body: &Body) -> Body {
        Body {
            domain: self.type_name(body.domain),
            codomain: self.type_name(body.codomain),
            code: body.code.iter().map(|one| self.instruction(one)).collect(),
        }
    }
}

impl Linker {
    fn take_in(&mut self, step: &Migration) -> Linked {
        let module = step.code().bytecode();
        let types = self.types.import_all(&module.types);
        let constants = module.pool.iter();
        let constants = constants.map(|(id, value)| self.constants.index(types[id.index()], value));
        let constants = constants.collect();
        let first_function = u32::try_from(self.bodies.len());
        let renamed = Renamed {
            types,
            constants,
            first_function: first_function.expect("modules in memory have fewer functions"),
        };
        let bodies = module.functions.iter();
        self.bodies.extend(bodies.map(|body| renamed.body(body)));
        let offer = |conversion: Conversion| Offer {
            function: renamed.function_name(conversion.function),
            takes: renamed.type_name(conversion.takes),
            is_stamped: conversion.is_stamped,
        };
        let offers = ROLES.into_iter().filter_map(|role| {
            let conversion = step.conversion(role)?;
            Some((role, offer(conversion)))
        });
        Linked {
            offers: offers.collect(),
        }
    }

    /// One function that does what those of `way` do, one after the other.
    fn join(&mut self, role: Role, way: &[Offer]) -> Result<FunctionId, Unlinked> {
        let bodies = way.iter().map(|offer| &self.bodies[offer.function.index()]);
        let bodies: Vec<&Body> = bodies.collect();
        let (Some(first), Some(last)) = (way.first(), bodies.last()) else {
            return Err(Unlinked::Empty);
        };
        let mut pairs = bodies.iter().zip(&way[1..]);
        if let Some(gap) = pairs.position(|(body, next)| body.codomain != next.takes) {
            let step = gap + 1;
            return Err(Unlinked::Gap { step, role });
        }
        let last_told = way.iter().rposition(|offer| offer.is_stamped);
        let hands = bodies.iter().zip(way).enumerate();
        let hands = hands.map(|(place, (body, offer))| {
            last_told.map_or(Vec::new(), |last| hand_on(place, last, *offer, body.domain))
        });
        let hands: Vec<Vec<Instruction>> = hands.collect();
        // Each body but the last goes on where it would end. It ends once: arms close before it does.
        let length = bodies.iter().map(|body| body.code.len() - 1).sum::<usize>() + 1;
        let length = length + hands.iter().map(Vec::len).sum::<usize>();
        let limit = FUNCTION_INSTRUCTIONS_MAX;
        within("instructions", length, limit, Some(role))?;
        let steps = bodies.iter().zip(hands);
        let code = steps.flat_map(|(body, hand)| {
            let steps = body.code.iter().take(body.code.len() - 1);
            hand.into_iter().chain(steps)
        });
        let code: Code = code.chain([Instruction::End()]).collect();
        let (takes, codomain) = (first.takes, last.codomain);
        let told = last_told.map(|last| bodies[last].domain);
        let joined = Body {
            domain: told.map_or(takes, |told| self.with_moment_of(told, takes)),
            codomain,
            code,
        };
        let number = u32::try_from(self.bodies.len());
        self.bodies.push(joined);
        Ok(FunctionId(
            number.expect("modules in memory have fewer functions"),
        ))
    }

    /// The pair of a value and the moment that `told` starts with.
    fn with_moment_of(&mut self, told: TypeId, takes: TypeId) -> TypeId {
        let moment = self.types.get(told).operands()[0];
        self.types.product(&[moment, takes])
    }
}

/// What comes before a step, in a chain whose last step that is told the moment is `last`. The register holds what the
/// step before came to, and the stack the moment as long as anybody asks for it; at first both are one pair.
fn hand_on(place: usize, last: usize, offer: Offer, domain: TypeId) -> Vec<Instruction> {
    use Instruction::{Acc, Project, Push, Swap, Tuple};
    match (place, offer.is_stamped) {
        (0, true) if last == 0 => vec![],
        (0, true) => vec![Push(), Project(0), Swap()],
        (0, false) => vec![Push(), Project(0), Swap(), Project(1)],
        (_, true) if place == last => vec![Tuple(domain)],
        (_, true) => vec![Push(), Acc(1), Swap(), Tuple(domain)],
        (_, false) => vec![],
    }
}

fn within(
    what: &'static str,
    count: usize,
    limit: usize,
    role: Option<Role>,
) -> Result<(), TooLarge> {
    if count <= limit {
        return Ok(());
    }
    Err(TooLarge {
        function: role.map(|role| role.word().to_owned()),
        what,
        limit,
    })
}

#[cfg(test)]
mod tests;
