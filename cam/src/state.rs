//! State passing: an arrow that uses `get` and `put` becomes a pure arrow `S x A -> S x B`.
//!
//! This is the Kleisli category of the state monad over the pure one. With state the category is only
//! premonoidal: the order of a product's parts matters, and it is left to right.
//!
//! ```text
//! pure p        <fst, snd ; p>
//! get           <fst, fst>            put    <snd, !()>
//! f ; g         Sf ; Sg
//! <f1, .., fn>  each in turn, the state threaded through
//! case          the state joins the environment
//! ```

use crate::combinator::{Arrow, Combinator, Draft, IllTyped};
use crate::types::{Type, TypeId, UNIT};
use crate::value::Value;

/// The pure arrow `state x A -> state x B` of `arrow : A -> B`.
///
/// # Errors
/// `Mismatch` if a `get` or `put` in it is of another state; `TooLarge`.
pub fn thread(draft: &mut Draft, arrow: Arrow, state: TypeId) -> Result<Arrow, IllTyped> {
    let outside = draft.enter(draft.node(arrow).at);
    let threaded = thread_here(draft, arrow, state);
    draft.enter(outside);
    threaded
}

fn thread_here(draft: &mut Draft, arrow: Arrow, state: TypeId) -> Result<Arrow, IllTyped> {
    if !draft.node(arrow).stateful {
        return thread_pure(draft, arrow, state);
    }
    // What recurses keeps its frames small: parts are threaded here and joined elsewhere.
    match draft.node(arrow).combinator.clone() {
        Combinator::Compose(f, g) => thread_chain(draft, f, g, state),
        Combinator::Tuple(parts) => {
            let threaded = thread_all(draft, &parts, state)?;
            join_tuple(draft, arrow, &threaded, state)
        }
        Combinator::Case(arms) => {
            let threaded = thread_all(draft, &arms, state)?;
            join_case(draft, arrow, &threaded, state)
        }
        Combinator::Get => thread_get(draft, arrow, state),
        Combinator::Put => thread_put(draft, arrow, state),
        _ => unreachable!("only get, put and what contains them are stateful"),
    }
}

fn thread_pure(draft: &mut Draft, arrow: Arrow, state: TypeId) -> Result<Arrow, IllTyped> {
    let start = started(draft, arrow, state);
    let fst = draft.project(start, 0)?;
    let snd = draft.project(start, 1)?;
    let result = draft.compose(snd, arrow)?;
    draft.tuple(start, &[fst, result])
}

fn thread_get(draft: &mut Draft, arrow: Arrow, state: TypeId) -> Result<Arrow, IllTyped> {
    same_state(state, draft.codomain(arrow))?;
    let start = started(draft, arrow, state);
    let fst = draft.project(start, 0)?;
    draft.tuple(start, &[fst, fst])
}

fn thread_put(draft: &mut Draft, arrow: Arrow, state: TypeId) -> Result<Arrow, IllTyped> {
    same_state(state, draft.domain(arrow))?;
    let start = started(draft, arrow, state);
    let snd = draft.project(start, 1)?;
    let unit = draft.constant(start, UNIT, Value::unit())?;
    draft.tuple(start, &[snd, unit])
}

/// `state x A`, for an arrow that starts at `A`.
fn started(draft: &mut Draft, arrow: Arrow, state: TypeId) -> TypeId {
    let domain = draft.domain(arrow);
    draft.types.product(&[state, domain])
}

fn thread_all(draft: &mut Draft, arrows: &[Arrow], state: TypeId) -> Result<Vec<Arrow>, IllTyped> {
    let mut threaded = Vec::with_capacity(arrows.len());
    for arrow in arrows {
        threaded.push(thread(draft, *arrow, state)?);
    }
    Ok(threaded)
}

/// Composition is walked with a stack of its own, so a long straight line costs no host stack.
fn thread_chain(draft: &mut Draft, f: Arrow, g: Arrow, state: TypeId) -> Result<Arrow, IllTyped> {
    let mut waiting = vec![g, f];
    let mut threaded: Option<Arrow> = None;
    while let Some(next) = waiting.pop() {
        if let (Combinator::Compose(f, g), true) =
            (&draft.node(next).combinator, draft.node(next).stateful)
        {
            waiting.extend([*g, *f]);
            continue;
        }
        let own = thread(draft, next, state)?;
        threaded = Some(match threaded {
            None => own,
            Some(before) => draft.compose(before, own)?,
        });
    }
    Ok(threaded.expect("a composition has two parts"))
}

/// From `(s, a)` through `(s, a, b1)`, `(s, a, b1, b2)` .. to `(s, (b1, .., bn))`.
fn join_tuple(
    draft: &mut Draft,
    arrow: Arrow,
    threaded: &[Arrow],
    state: TypeId,
) -> Result<Arrow, IllTyped> {
    let mut held = vec![state, draft.domain(arrow)];
    let mut whole = {
        let start = draft.types.product(&held);
        draft.identity(start)?
    };
    for step in threaded {
        let here = draft.types.product(&held);
        let (s, input) = (draft.project(here, 0)?, draft.project(here, 1)?);
        let pair = draft.tuple(here, &[s, input])?;
        let step = draft.compose(pair, *step)?;
        // (here, (s, b)) -> (s, a, b1 .. b)
        let identity = draft.identity(here)?;
        let both = draft.tuple(here, &[identity, step])?;
        let joined = draft.codomain(both);
        let old = draft.project(joined, 0)?;
        let new = draft.project(joined, 1)?;
        let new_type = draft.codomain(new);
        let mut fields = Vec::with_capacity(held.len() + 1);
        let new_state = draft.project(new_type, 0)?;
        fields.push(draft.compose(new, new_state)?);
        for index in 1..held.len() {
            let field = draft.project(here, index)?;
            fields.push(draft.compose(old, field)?);
        }
        let result = draft.project(new_type, 1)?;
        fields.push(draft.compose(new, result)?);
        let flat = draft.tuple(joined, &fields)?;
        let advanced = draft.compose(both, flat)?;
        whole = draft.compose(whole, advanced)?;
        held.push(draft.codomain(result));
    }
    let end = draft.types.product(&held);
    let s = draft.project(end, 0)?;
    let results: Result<Vec<Arrow>, IllTyped> = (2..held.len())
        .map(|index| draft.project(end, index))
        .collect();
    let results = draft.tuple(end, &results?)?;
    let last = draft.tuple(end, &[s, results])?;
    draft.compose(whole, last)
}

/// From `(s, (c, sum))` to `((s, c), sum)`; in each arm from `((s, c), d)` to `(s, (c, d))`.
fn join_case(
    draft: &mut Draft,
    arrow: Arrow,
    threaded: &[Arrow],
    state: TypeId,
) -> Result<Arrow, IllTyped> {
    let domain = draft.domain(arrow);
    let Type::Product(parts) = draft.types.get(domain).clone() else {
        unreachable!("a case starts at environment x sum")
    };
    let (environment, sum) = (parts[0], parts[1]);
    let held = draft.types.product(&[state, environment]);
    let payloads = draft.types.get(sum).operands();
    let mut arms = Vec::with_capacity(threaded.len());
    for (arm, payload) in threaded.iter().zip(payloads) {
        let start = draft.types.product(&[held, payload]);
        let inward = reassociate_right(draft, start)?;
        arms.push(draft.compose(inward, *arm)?);
    }
    let start = draft.types.product(&[state, domain]);
    let outward = reassociate_left(draft, start)?;
    let case = draft.case(held, sum, &arms)?;
    draft.compose(outward, case)
}

/// `(a x b) x c -> a x (b x c)`
fn reassociate_right(draft: &mut Draft, start: TypeId) -> Result<Arrow, IllTyped> {
    let (left, c) = (draft.project(start, 0)?, draft.project(start, 1)?);
    let pair = draft.codomain(left);
    let (a, b) = (draft.project(pair, 0)?, draft.project(pair, 1)?);
    let (a, b) = (draft.compose(left, a)?, draft.compose(left, b)?);
    let right = draft.tuple(start, &[b, c])?;
    draft.tuple(start, &[a, right])
}

/// `a x (b x c) -> (a x b) x c`
fn reassociate_left(draft: &mut Draft, start: TypeId) -> Result<Arrow, IllTyped> {
    let (a, right) = (draft.project(start, 0)?, draft.project(start, 1)?);
    let pair = draft.codomain(right);
    let (b, c) = (draft.project(pair, 0)?, draft.project(pair, 1)?);
    let (b, c) = (draft.compose(right, b)?, draft.compose(right, c)?);
    let left = draft.tuple(start, &[a, b])?;
    draft.tuple(start, &[left, c])
}

fn same_state(expected: TypeId, found: TypeId) -> Result<(), IllTyped> {
    if expected == found {
        Ok(())
    } else {
        Err(IllTyped::Mismatch {
            combinator: "state",
            expected,
            found,
        })
    }
}
