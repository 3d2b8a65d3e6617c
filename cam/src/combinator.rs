//! Combinators: the machine's own language of typed arrows, and the only way to build one.
//!
//! An arrow `f : A -> B` is built by smart constructors that check its types, so an ill-typed arrow
//! cannot exist. Arrows stand in an arena and name each other by index: sharing is free, and dropping
//! a program of a million arrows is dropping a vector.
//!
//! The category is that of the abstract machine: finite products, finite sums that distribute over
//! products (`case` carries its environment, which is what lets a branch see outer variables without
//! closures), lists and maps with strong folds, bounded loops, exponentials, and calls of named functions.
//! A body and a callee are functions that were defined before, and what is passed on from round to round is
//! data, so every program ends.
//!
//! `get` and `put` belong to this layer only. An arrow that uses them is *stateful*; the pass in
//! [`state`](crate::state) turns it into a pure arrow `S x A -> S x B` before it is compiled.

mod bodies;

use crate::debug::Span;
pub use crate::ill_typed::IllTyped;
use crate::limits::{ARROW_DEPTH_MAX, ARROWS_MAX};
pub use crate::operation::Operation;
use crate::schema::Schema;
use crate::types::{INT, Type, TypeId, TypeTable, UNIT};
use crate::value::Value;

/// The name of an arrow within one draft.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Arrow(u32);

/// The name of a function within one draft or module. Functions call only those with smaller names.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct FunctionId(pub(crate) u32);

impl FunctionId {
    /// Position among the functions.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What an arrow is made of.
#[derive(Clone, PartialEq, Debug)]
pub enum Combinator {
    /// `A -> A`
    Identity,
    /// `f : A -> B` then `g : B -> C`
    Compose(Arrow, Arrow),
    /// `f1 : A -> B1, .., fn : A -> Bn` to `A -> B1 x .. x Bn`, left to right
    Tuple(Box<[Arrow]>),
    /// `B1 x .. x Bn -> Bi`
    Project(usize),
    /// `(B1 x .. x Bn) x Bi -> B1 x .. x Bn`: the product with part `i` replaced
    Replace(usize),
    /// `Bi -> B1 + .. + Bn`
    Inject(usize),
    /// `f1 : C x B1 -> Z, .., fn : C x Bn -> Z` to `C x (B1 + .. + Bn) -> Z`
    Case(Box<[Arrow]>),
    /// `A -> T`, always the same value
    Constant(Value),
    /// the function's own type
    Call(FunctionId),
    /// a primitive of the machine
    Apply(Operation),
    /// `f : C x E x D -> E` to `C x E x List D -> E`
    FoldList(FunctionId),
    /// `f : C x E x K x D -> E` to `C x E x Map K D -> E`, in key order
    FoldMap(FunctionId),
    /// `f : C x D -> E` to `C x List D -> List E`
    MapList(FunctionId),
    /// `f : C x K x D -> E` to `C x Map K D -> Map K E`, in key order
    MapMap(FunctionId),
    /// `f : C x K x D -> Bool` to `C x Map K D -> Map K D`, in key order
    FilterMap(FunctionId),
    /// `f : C x E x Int -> E + R` to `C x E x Int -> E + R`: at most as many rounds as the integer says,
    /// numbered from 0, until one gives an `R`
    Iterate(FunctionId),
    /// `f : C x A -> B` to `C -> (A => B)`: the closure of `f` over `C`
    Curry(FunctionId),
    /// `(A => B) x A -> B`: enters the closure
    Evaluate,
    /// `Int -> T`: the step stops with the integer as its code
    Abort,
    /// stateful, `A -> S`
    Get,
    /// stateful, `S -> Unit`
    Put,
}

/// An arrow with its type.
#[derive(Clone, PartialEq, Debug)]
pub struct Node {
    /// What it is made of.
    pub combinator: Combinator,
    /// Where it starts.
    pub domain: TypeId,
    /// Where it ends.
    pub codomain: TypeId,
    /// Whether `get` or `put` occurs in it.
    pub stateful: bool,
    /// The place of the source it is from, if the front end has said so. It changes nothing.
    pub at: Option<Span>,
    depth: u32,
}

/// A named function: a closed, pure arrow.
#[derive(Clone, PartialEq, Debug)]
pub struct Function {
    /// For people; never part of the program's identity.
    pub name: String,
    /// The body.
    pub arrow: Arrow,
}

/// A program of combinators under construction.
#[derive(Clone, Default, Debug)]
pub struct Draft {
    /// The types of its arrows.
    pub types: TypeTable,
    nodes: Vec<Node>,
    functions: Vec<Function>,
    at: Option<Span>,
}

impl Draft {
    /// A draft without arrows.
    #[must_use]
    pub fn new() -> Draft {
        Draft::default()
    }

    /// Notes that the arrows to come are from this place of the source, for [debug data](crate::debug).
    /// Gives the place that was noted before, to come back to.
    pub fn enter(&mut self, at: Option<Span>) -> Option<Span> {
        std::mem::replace(&mut self.at, at)
    }

    /// The arrow named `arrow`.
    #[must_use]
    pub fn node(&self, arrow: Arrow) -> &Node {
        &self.nodes[arrow.0 as usize]
    }

    /// Where the arrow starts.
    #[must_use]
    pub fn domain(&self, arrow: Arrow) -> TypeId {
        self.node(arrow).domain
    }

    /// Where the arrow ends.
    #[must_use]
    pub fn codomain(&self, arrow: Arrow) -> TypeId {
        self.node(arrow).codomain
    }

    /// The functions defined so far, in order.
    #[must_use]
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The type of a function: domain and codomain.
    #[must_use]
    pub fn function_type(&self, function: FunctionId) -> (TypeId, TypeId) {
        let arrow = self.functions[function.index()].arrow;
        (self.domain(arrow), self.codomain(arrow))
    }

    /// Names a closed, pure arrow so that later arrows can call it.
    ///
    /// # Errors
    /// `Stateful` if the arrow uses `get` or `put`.
    pub fn define(&mut self, name: &str, arrow: Arrow) -> Result<FunctionId, IllTyped> {
        if self.node(arrow).stateful {
            return Err(IllTyped::Stateful);
        }
        let id = u32::try_from(self.functions.len()).map_err(|_| IllTyped::TooLarge)?;
        self.functions.push(Function {
            name: name.to_owned(),
            arrow,
        });
        Ok(FunctionId(id))
    }

    /// `A -> A`
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn identity(&mut self, a: TypeId) -> Result<Arrow, IllTyped> {
        self.add(Combinator::Identity, a, a, &[])
    }

    /// `f` then `g`.
    ///
    /// # Errors
    /// `Mismatch` if `g` does not start where `f` ends; `TooLarge`.
    pub fn compose(&mut self, f: Arrow, g: Arrow) -> Result<Arrow, IllTyped> {
        self.same("compose", self.domain(g), self.codomain(f))?;
        let (a, c) = (self.domain(f), self.codomain(g));
        self.add(Combinator::Compose(f, g), a, c, &[f, g])
    }

    /// All of `arrows` in order, composed; the identity on `a` for none.
    ///
    /// # Errors
    /// As [`Draft::compose`].
    pub fn chain(&mut self, a: TypeId, arrows: &[Arrow]) -> Result<Arrow, IllTyped> {
        match arrows {
            [] => self.identity(a),
            [first, rest @ ..] => rest
                .iter()
                .try_fold(*first, |chained, next| self.compose(chained, *next)),
        }
    }

    /// The product of the arrows' results, evaluated left to right. With no arrows, `a -> Unit`.
    ///
    /// # Errors
    /// `Mismatch` if an arrow does not start at `a`; `TooLarge`.
    pub fn tuple(&mut self, a: TypeId, arrows: &[Arrow]) -> Result<Arrow, IllTyped> {
        for arrow in arrows {
            self.same("tuple", a, self.domain(*arrow))?;
        }
        let parts: Vec<TypeId> = arrows.iter().map(|arrow| self.codomain(*arrow)).collect();
        let product = self.types.product(&parts);
        self.add(Combinator::Tuple(arrows.into()), a, product, arrows)
    }

    /// Part `index` of a product.
    ///
    /// # Errors
    /// `WrongForm` if `product` is not a product with such a part; `TooLarge`.
    pub fn project(&mut self, product: TypeId, index: usize) -> Result<Arrow, IllTyped> {
        let part = self.part("project", product, index)?;
        self.add(Combinator::Project(index), product, part, &[])
    }

    /// `product x part -> product`: the product with part `index` replaced.
    ///
    /// # Errors
    /// `WrongForm` if `product` is not a product with such a part; `TooLarge`.
    pub fn replace(&mut self, product: TypeId, index: usize) -> Result<Arrow, IllTyped> {
        let part = self.part("replace", product, index)?;
        let domain = self.types.product(&[product, part]);
        self.add(Combinator::Replace(index), domain, product, &[])
    }

    /// Constructor `index` of a sum.
    ///
    /// # Errors
    /// `WrongForm` if `sum` is not a sum with such a constructor; `TooLarge`.
    pub fn inject(&mut self, sum: TypeId, index: usize) -> Result<Arrow, IllTyped> {
        let payload = match self.types.get(sum) {
            Type::Sum(payloads) => payloads.get(index).copied(),
            _ => None,
        };
        let payload = payload.ok_or(IllTyped::WrongForm {
            combinator: "inject",
            needs: "sum",
            found: sum,
        })?;
        self.data("inject", sum)?;
        self.add(Combinator::Inject(index), payload, sum, &[])
    }

    /// `environment x sum -> Z` from one arm `environment x payload -> Z` for each constructor.
    ///
    /// # Errors
    /// `WrongForm` if `sum` is not a sum of as many payloads as there are arms; `Mismatch` if an arm
    /// starts elsewhere or the arms end in different types; `TooLarge`.
    pub fn case(
        &mut self,
        environment: TypeId,
        sum: TypeId,
        arms: &[Arrow],
    ) -> Result<Arrow, IllTyped> {
        let payloads = match self.types.get(sum) {
            Type::Sum(payloads) if payloads.len() == arms.len() => payloads.clone(),
            _ => {
                return Err(IllTyped::WrongForm {
                    combinator: "case",
                    needs: "sum",
                    found: sum,
                });
            }
        };
        let result = self.codomain(arms[0]);
        self.data("case", sum)?;
        self.data("case", result)?;
        for (arm, payload) in arms.iter().zip(&payloads) {
            let start = self.types.product(&[environment, *payload]);
            self.same("case", start, self.domain(*arm))?;
            self.same("case", result, self.codomain(*arm))?;
        }
        let domain = self.types.product(&[environment, sum]);
        self.add(Combinator::Case(arms.into()), domain, result, arms)
    }

    /// `a -> t`, always `value`.
    ///
    /// # Errors
    /// `StrangeConstant` if `value` is not of type `t`; `TooLarge`.
    pub fn constant(&mut self, a: TypeId, t: TypeId, value: Value) -> Result<Arrow, IllTyped> {
        self.data("constant", t)?;
        if !value.inhabits(&self.types, t) {
            return Err(IllTyped::StrangeConstant(t));
        }
        self.add(Combinator::Constant(value), a, t, &[])
    }

    /// A primitive arrow.
    ///
    /// # Errors
    /// `WrongForm` if the type that names the operation is not of its form; `TooLarge`.
    pub fn operation(&mut self, operation: Operation) -> Result<Arrow, IllTyped> {
        let (a, b) = operation.arrow_type(&mut self.types)?;
        self.add(Combinator::Apply(operation), a, b, &[])
    }

    /// `Int -> t`: stops the step.
    ///
    /// # Errors
    /// `WrongForm` if `t` is no data; `TooLarge`.
    pub fn abort(&mut self, t: TypeId) -> Result<Arrow, IllTyped> {
        self.data("abort", t)?;
        self.add(Combinator::Abort, INT, t, &[])
    }

    /// Stateful: `a -> state`.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn get(&mut self, a: TypeId, state: TypeId) -> Result<Arrow, IllTyped> {
        self.add(Combinator::Get, a, state, &[])
    }

    /// Stateful: `state -> Unit`.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn put(&mut self, state: TypeId) -> Result<Arrow, IllTyped> {
        self.add(Combinator::Put, state, UNIT, &[])
    }

    fn add(
        &mut self,
        combinator: Combinator,
        domain: TypeId,
        codomain: TypeId,
        children: &[Arrow],
    ) -> Result<Arrow, IllTyped> {
        let deepest = children
            .iter()
            .map(|child| self.node(*child).depth)
            .max()
            .unwrap_or(0);
        let own = u32::from(!matches!(combinator, Combinator::Compose(..)));
        let depth = deepest + own;
        if depth > ARROW_DEPTH_MAX || self.nodes.len() >= ARROWS_MAX {
            return Err(IllTyped::TooLarge);
        }
        let stateful = matches!(combinator, Combinator::Get | Combinator::Put)
            || children.iter().any(|child| self.node(*child).stateful);
        let arrow = Arrow(u32::try_from(self.nodes.len()).map_err(|_| IllTyped::TooLarge)?);
        self.nodes.push(Node {
            combinator,
            domain,
            codomain,
            stateful,
            at: self.at,
            depth,
        });
        Ok(arrow)
    }

    fn same(
        &self,
        combinator: &'static str,
        expected: TypeId,
        found: TypeId,
    ) -> Result<(), IllTyped> {
        if expected == found {
            Ok(())
        } else {
            Err(IllTyped::Mismatch {
                combinator,
                expected,
                found,
            })
        }
    }

    fn part(
        &self,
        combinator: &'static str,
        product: TypeId,
        index: usize,
    ) -> Result<TypeId, IllTyped> {
        match self.types.get(product) {
            Type::Product(parts) => parts.get(index).copied(),
            _ => None,
        }
        .ok_or(IllTyped::WrongForm {
            combinator,
            needs: "product",
            found: product,
        })
    }

    fn parts<const N: usize>(
        &self,
        combinator: &'static str,
        product: TypeId,
    ) -> Result<[TypeId; N], IllTyped> {
        match self.types.get(product) {
            Type::Product(parts) => <[TypeId; N]>::try_from(&**parts).ok(),
            _ => None,
        }
        .ok_or(IllTyped::WrongForm {
            combinator,
            needs: "product",
            found: product,
        })
    }

    fn data(&self, combinator: &'static str, found: TypeId) -> Result<(), IllTyped> {
        if self.types.is_data(found) {
            return Ok(());
        }
        let needs = "type of data";
        Err(IllTyped::WrongForm {
            combinator,
            needs,
            found,
        })
    }
}

/// Which functions a module offers, by what they are for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Role {
    /// `Unit -> S`: the first state.
    Init = 0,
    /// `I x S -> S x O`: one transition.
    Step = 1,
    /// `Q x S -> R`: a question about the state. It cannot change it: no new state comes out.
    Query = 2,
    /// `S -> Bool`: whether a state is one the machine may be in, asked after a migration.
    Check = 3,
    /// `S0 -> S1`: the old state in the new form.
    Migrate = 4,
    /// `I0 -> I1`: an old client's input, as the new machine understands it.
    Input = 5,
    /// `O1 -> O0`: a new output, as an old client understands it.
    Output = 6,
    /// `S1 -> S0`: the way back.
    Back = 7,
    /// `At x S0 -> S1`: `Migrate` that is told the moment, which is `Int x Text x Int`: when, from whom, and the
    /// number of the step.
    MigrateAt = 8,
    /// `At x I0 -> I1`: `Input` that is told the moment.
    InputAt = 9,
    /// `At x O1 -> O0`: `Output` that is told the moment.
    OutputAt = 10,
    /// `At x S1 -> S0`: `Back` that is told the moment.
    BackAt = 11,
}

impl Role {
    /// The first format that has it.
    #[must_use]
    pub fn since(self) -> u64 {
        match self {
            Role::Query | Role::Check => 2,
            Role::MigrateAt | Role::InputAt | Role::OutputAt | Role::BackAt => 3,
            _ => 1,
        }
    }

    /// What it is called, in assembly and where people read of it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Role::Init => "init",
            Role::Step => "step",
            Role::Query => "query",
            Role::Check => "check",
            Role::Migrate => "migrate",
            Role::Input => "input",
            Role::Output => "output",
            Role::Back => "back",
            Role::MigrateAt => "migrate_at",
            Role::InputAt => "input_at",
            Role::OutputAt => "output_at",
            Role::BackAt => "back_at",
        }
    }

    /// For a conversion, the same that is told the moment.
    #[must_use]
    pub fn stamped(self) -> Role {
        match self {
            Role::Migrate => Role::MigrateAt,
            Role::Input => Role::InputAt,
            Role::Output => Role::OutputAt,
            Role::Back => Role::BackAt,
            other => other,
        }
    }
}

/// A finished program of combinators: what a front end hands to [`compile`](crate::compile::compile).
#[derive(Clone, Debug)]
pub struct Combinators {
    /// The arrows and functions.
    pub draft: Draft,
    /// What the module offers.
    pub exports: Vec<(Role, FunctionId)>,
    /// The names of a machine's interface; a migration has none.
    pub schema: Option<Schema>,
}
