//! The meaning of a machine: typed terms to combinators.
//!
//! The brackets are those of the design: `⟦e⟧ : Γ -> A` for expressions (`expression`), `⟪p⟫` for
//! patterns (`rows`, `matching`, `decision`, `choice`), `𝓗⟦h⟧ : Γ -> S x O` for handlers (`handler`), `𝒮` for point-free
//! arrows that use the state (`arrow`, and `cam::state` for the passing itself).
//!
//! A function is compiled once and called. Whatever would stand twice becomes a function too, so the
//! combinators are as large as the source.

mod arrow;
mod binding;
mod carry;
mod choice;
mod claim;
mod decision;
mod each;
mod expression;
mod fold;
mod free;
mod handler;
mod idle;
mod matching;
mod operator;
mod outline;
mod part;
mod range;
mod rows;
mod scope;

use std::collections::BTreeMap;

use cam::combinator::{Arrow, Combinators, Draft, FunctionId, IllTyped, Operation, Role};
use cam::schema::{Schema, Shape, ShapeId, Shapes, Stamp};
use cam::types::{BOOL, BYTES, INT, TEXT, Type, TypeId, UNIT};
use cam::value::Value;

use crate::check::types::is_function;
use crate::fault::Fault;
use crate::typed::{
    Conversion, ExprId, Function, FunctionBody, FunctionIndex, Local, Machine, Primitive, Terms,
};
use choice::{Branch, Outcome};
pub use claim::{Moment, claims};
pub(crate) use free::{Deeds, deeds_of_arrow, deeds_of_clause, deeds_of_expr, reads};
use idle::Idle;
use scope::{Place, Scope, Variable};

/// Choices, matches and functions inside each other. The translator recurses for each; in a build without
/// optimisation so many were measured to take three quarters of a stack of 2 MiB at most.
const NESTED_MAX: usize = 192;

/// The checker has excluded every refusal but `TooLarge`.
type Translated<T> = Result<T, IllTyped>;

/// The machine itself: `Init : Unit -> S`, `Step : I x S -> S x O`, and `Check : S -> Bool` if it has invariants, with its
/// schema.
///
/// # Errors
/// `TooLarge` if it has more combinators, or deeper ones, than the abstract machine allows.
pub fn machine(machine: &Machine) -> Result<Combinators, IllTyped> {
    let mut translator = Translator::new(machine);
    let schema = Schema {
        machine: machine.name.clone(),
        version: machine.version,
        stamps: machine.stamps.clone(),
        shapes: machine.shapes.clone(), // the compiler leaves out what nothing reaches
        state: machine.state,
        input: machine.input,
        output: machine.output,
    };
    let init = translator.function("init", UNIT, |translator| {
        translator.expression(machine.init)
    })?;
    let step = translator.step(machine, &schema)?;
    let check = translator.check(machine)?;
    let mut exports = vec![(Role::Init, init), (Role::Step, step)];
    exports.extend(check.map(|check| (Role::Check, check)));
    Ok(Combinators {
        draft: translator.draft,
        exports,
        schema: Some(schema),
    })
}

/// What stands between version `from` and this one: `Migrate`, and `Input`, `Output` and `Back` as far
/// as they are written. `None` if there is no `migrate from` that version.
///
/// # Errors
/// As [`machine`].
pub fn upgrade(machine: &Machine, from: u32) -> Result<Option<Combinators>, IllTyped> {
    let of_version = |conversions: &'_ [Conversion]| {
        conversions
            .iter()
            .find(|conversion| conversion.version == from)
            .cloned()
    };
    if of_version(&machine.migrations).is_none() {
        return Ok(None);
    }
    let written: Vec<(Role, &str, Conversion)> = [
        (Role::Migrate, "migrate", &machine.migrations),
        (Role::Input, "accept", &machine.accepts),
        (Role::Output, "reply", &machine.replies),
        (Role::Back, "back", &machine.backs),
    ]
    .into_iter()
    .filter_map(|(role, name, conversions)| Some((role, name, of_version(conversions)?)))
    .collect();
    let mut translator = Translator::new(machine);
    let mut exports = Vec::new();
    for (role, name, conversion) in &written {
        exports.push(translator.conversion(*role, name, conversion)?);
    }
    Ok(Some(Combinators {
        draft: translator.draft,
        exports,
        schema: None,
    }))
}

/// An expression of a trace as a program of its own: `Migrate` from its parameter, or from the empty
/// tuple, to its value.
///
/// # Errors
/// As [`machine`].
pub fn expression(
    machine: &Machine,
    parameter: Option<(Local, ShapeId)>,
    body: ExprId,
) -> Result<Combinators, IllTyped> {
    let mut translator = Translator::new(machine);
    let function = translator.closed("expression", parameter, body)?;
    Ok(Combinators {
        draft: translator.draft,
        exports: vec![(Role::Migrate, function)],
        schema: None,
    })
}

/// A machine on its way to combinators.
struct Translator<'m> {
    machine: &'m Machine,
    shapes: &'m Shapes,
    terms: &'m Terms,
    functions: &'m [Function],
    /// The type of the state.
    state: TypeId,
    draft: Draft,
    scope: Scope,
    fresh: Fresh,
    /// The functions of the source, by position, as far as they are called.
    defined: Vec<Option<FunctionId>>,
    /// Functions that carry values from one shape to another.
    carriers: BTreeMap<(ShapeId, ShapeId), FunctionId>,
    /// Functions that cut lists, texts and byte strings, by what they do and to what.
    cutters: BTreeMap<(Primitive, TypeId), FunctionId>,
    /// Functions that take the first item from a list, by the list's type.
    openers: BTreeMap<TypeId, FunctionId>,
    types: BTreeMap<ShapeId, TypeId>,
    idle: Option<Idle>,
    /// Choices, matches and functions inside each other where the translator is.
    nested: usize,
}

/// Names of subjects, each given once in a whole translation.
#[derive(Default, Debug)]
pub(super) struct Fresh(u32);

impl Fresh {
    /// A name that was not given before.
    pub(super) fn next(&mut self) -> u32 {
        self.0 += 1;
        self.0
    }
}

impl<'m> Translator<'m> {
    fn new(machine: &'m Machine) -> Translator<'m> {
        let mut draft = Draft::new();
        Translator {
            state: machine.shapes.erase(machine.state, &mut draft.types),
            machine,
            shapes: &machine.shapes,
            terms: &machine.terms,
            functions: &machine.functions,
            draft,
            scope: Scope::new(UNIT),
            fresh: Fresh::default(),
            defined: vec![None; machine.functions.len()],
            carriers: BTreeMap::new(),
            cutters: BTreeMap::new(),
            openers: BTreeMap::new(),
            types: BTreeMap::new(),
            idle: None,
            nested: 0,
        }
    }

    /// The function of the source, defined where it is first called. So the order of functions in the
    /// bytecode follows from what the program does, and moving one in the source changes no digest.
    fn called(&mut self, index: FunctionIndex) -> Translated<FunctionId> {
        if let Some(known) = self.defined[index.index()] {
            return Ok(known);
        }
        let source = &self.functions[index.index()];
        let argument = self.type_of(source.domain);
        self.descend()?;
        let function = self.function(&source.name, argument, |translator| {
            translator.source_function(source)
        })?;
        self.ascend();
        self.defined[index.index()] = Some(function);
        Ok(function)
    }

    /// One choice, match or function deeper.
    ///
    /// # Errors
    /// `TooLarge` where the translator's own stack would be at risk.
    fn descend(&mut self) -> Translated<()> {
        self.nested += 1;
        if self.nested > NESTED_MAX {
            return Err(IllTyped::TooLarge);
        }
        Ok(())
    }

    fn ascend(&mut self) {
        self.nested -= 1;
    }

    fn source_function(&mut self, source: &'m Function) -> Translated<Arrow> {
        match &source.body {
            FunctionBody::Arrow(arrow) => self.arrow(*arrow, &Place::argument()),
            FunctionBody::Expr { parameters, body } => {
                let argument = Place::argument();
                match &**parameters {
                    [only] => self.scope.bind(Variable::Local(*only), argument),
                    several => {
                        for (index, parameter) in several.iter().enumerate() {
                            self.scope
                                .bind(Variable::Local(*parameter), argument.part(index));
                        }
                    }
                }
                self.expression(*body)
            }
        }
    }

    /// A conversion is told the moment if it asks; all others are what they were before one could ask.
    fn conversion(
        &mut self,
        role: Role,
        name: &str,
        conversion: &Conversion,
    ) -> Translated<(Role, FunctionId)> {
        let (parameter, body) = (conversion.parameter, conversion.body);
        if !free::is_stamped(self.terms, body) {
            let parameter = Some((parameter, conversion.domain));
            return Ok((role, self.closed(name, parameter, body)?));
        }
        let moment = Stamp::ALL.map(Stamp::type_id);
        let moment = self.draft.types.product(&moment);
        let domain = self.type_of(conversion.domain);
        let argument = self.draft.types.product(&[moment, domain]);
        let function = self.function(name, argument, |translator| {
            let argument = Place::argument();
            for (index, stamp) in Stamp::ALL.into_iter().enumerate() {
                let place = argument.parts(&[0, index]);
                translator.scope.bind(Variable::Stamp(stamp), place);
            }
            let place = argument.part(1);
            translator.scope.bind(Variable::Local(parameter), place);
            translator.expression(body)
        })?;
        Ok((role.stamped(), function))
    }

    /// A function of one expression with at most one free name.
    fn closed(
        &mut self,
        name: &str,
        parameter: Option<(Local, ShapeId)>,
        body: ExprId,
    ) -> Translated<FunctionId> {
        let argument = match parameter {
            Some((_, shape)) => self.type_of(shape),
            None => UNIT,
        };
        self.function(name, argument, |translator| {
            if let Some((local, _)) = parameter {
                translator
                    .scope
                    .bind(Variable::Local(local), Place::argument());
            }
            translator.expression(body)
        })
    }

    /// Defines a function whose body is made in a scope of its own.
    fn function(
        &mut self,
        name: &str,
        argument: TypeId,
        body: impl FnOnce(&mut Self) -> Translated<Arrow>,
    ) -> Translated<FunctionId> {
        let outside = std::mem::replace(&mut self.scope, Scope::new(argument));
        let arrow = body(self)?;
        self.scope = outside;
        self.draft.define(name, arrow)
    }

    /// The structural type of a shape.
    fn type_of(&mut self, shape: ShapeId) -> TypeId {
        if let Some(known) = self.types.get(&shape) {
            return *known;
        }
        let shapes = self.shapes;
        let parts = shapes.get(shape).operands();
        let parts: Vec<TypeId> = parts.into_iter().map(|part| self.type_of(part)).collect();
        let types = &mut self.draft.types;
        let erased = match shapes.get(shape) {
            Shape::Int => INT,
            Shape::Text => TEXT,
            Shape::Bytes => BYTES,
            Shape::Bool => BOOL,
            Shape::Tuple(_) | Shape::Record(_) => types.product(&parts),
            shape if is_function(shape) => types.function(parts[0], parts[1]),
            Shape::Variant(..) => types.sum(&parts),
            Shape::Option(_) => types.option(parts[0]),
            Shape::List(_) => types.list(parts[0]),
            Shape::Map(..) => types.map(parts[0], parts[1]),
        };
        self.types.insert(shape, erased);
        erased
    }

    /// What constructor `constructor` of a sum carries.
    fn payload(&self, sum: TypeId, constructor: usize) -> Translated<TypeId> {
        match self.draft.types.get(sum) {
            Type::Sum(payloads) => payloads.get(constructor).copied(),
            _ => None,
        }
        .ok_or(IllTyped::WrongForm {
            combinator: "case",
            needs: "sum",
            found: sum,
        })
    }

    /// `Γ -> A`, the value at a place.
    fn look(&mut self, place: &Place) -> Translated<Arrow> {
        self.scope.look(&mut self.draft, place)
    }

    /// `Γ -> Unit`
    fn unit(&mut self) -> Translated<Arrow> {
        self.draft.tuple(self.scope.gamma(), &[])
    }

    /// `Γ -> A1 x .. x An`, what the variables stand for.
    fn capture(&mut self, variables: &[Variable]) -> Translated<Arrow> {
        let mut found = Vec::with_capacity(variables.len());
        for variable in variables {
            let place = self.scope.place(*variable);
            found.push(self.look(&place)?);
        }
        self.draft.tuple(self.scope.gamma(), &found)
    }

    /// `Γ -> B` from operands `Γ -> Ai`.
    fn operate(&mut self, operation: Operation, operands: &[Arrow]) -> Translated<Arrow> {
        let operation = self.draft.operation(operation)?;
        let operands = match operands {
            [only] => *only,
            several => self.draft.tuple(self.scope.gamma(), several)?,
        };
        self.draft.compose(operands, operation)
    }

    /// `Γ -> A`, which never gets there.
    fn abort(&mut self, fault: Fault, result: TypeId) -> Translated<Arrow> {
        let gamma = self.scope.gamma();
        let code = self.draft.constant(gamma, INT, Value::Int(fault.code()))?;
        let abort = self.draft.abort(result)?;
        self.draft.compose(code, abort)
    }
}

#[cfg(test)]
mod tests;
