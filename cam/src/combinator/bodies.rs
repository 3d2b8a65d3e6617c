//! Arrows made of functions: calls, rounds over what there is, bounded loops, closures.

use super::{Arrow, Combinator, Draft, FunctionId, IllTyped};
use crate::types::{BOOL, INT, Type, TypeId};

impl Draft {
    /// A function defined before.
    ///
    /// # Errors
    /// `TooLarge`.
    pub fn call(&mut self, function: FunctionId) -> Result<Arrow, IllTyped> {
        let (a, b) = self.function_type(function);
        self.add(Combinator::Call(function), a, b, &[])
    }

    /// `C x E x List D -> E` from a body `C x E x D -> E`.
    ///
    /// # Errors
    /// `WrongForm` or `Mismatch` if the body's type is another; `TooLarge`.
    pub fn fold_list(&mut self, body: FunctionId) -> Result<Arrow, IllTyped> {
        let (domain, codomain) = self.function_type(body);
        let [c, e, d] = self.parts::<3>("fold_list", domain)?;
        self.data("fold_list", e)?;
        self.same("fold_list", e, codomain)?;
        let list = self.types.list(d);
        let domain = self.types.product(&[c, e, list]);
        self.add(Combinator::FoldList(body), domain, e, &[])
    }

    /// `C x E x Map K D -> E` from a body `C x E x K x D -> E`.
    ///
    /// # Errors
    /// `WrongForm` or `Mismatch` if the body's type is another; `TooLarge`.
    pub fn fold_map(&mut self, body: FunctionId) -> Result<Arrow, IllTyped> {
        let (domain, codomain) = self.function_type(body);
        let [c, e, k, d] = self.parts::<4>("fold_map", domain)?;
        self.data("fold_map", e)?;
        self.same("fold_map", e, codomain)?;
        let map = self.types.map(k, d);
        let domain = self.types.product(&[c, e, map]);
        self.add(Combinator::FoldMap(body), domain, e, &[])
    }

    /// `C x List D -> List E` from a body `C x D -> E`.
    ///
    /// # Errors
    /// `WrongForm` if the body's type is another, or `E` is no data; `TooLarge`.
    pub fn map_list(&mut self, body: FunctionId) -> Result<Arrow, IllTyped> {
        let (domain, e) = self.function_type(body);
        let [c, d] = self.parts::<2>("map_list", domain)?;
        self.data("map_list", d)?;
        self.data("map_list", e)?;
        let (from, to) = (self.types.list(d), self.types.list(e));
        let domain = self.types.product(&[c, from]);
        self.add(Combinator::MapList(body), domain, to, &[])
    }

    /// `C x Map K D -> Map K E` from a body `C x K x D -> E`.
    ///
    /// # Errors
    /// `WrongForm` if the body's type is another, or `E` is no data; `TooLarge`.
    pub fn map_map(&mut self, body: FunctionId) -> Result<Arrow, IllTyped> {
        let (domain, e) = self.function_type(body);
        let [c, k, d] = self.parts::<3>("map_map", domain)?;
        self.data("map_map", d)?;
        self.data("map_map", e)?;
        let (from, to) = (self.types.map(k, d), self.types.map(k, e));
        let domain = self.types.product(&[c, from]);
        self.add(Combinator::MapMap(body), domain, to, &[])
    }

    /// `C x Map K D -> Map K D` from a body `C x K x D -> Bool`.
    ///
    /// # Errors
    /// `WrongForm` or `Mismatch` if the body's type is another; `TooLarge`.
    pub fn filter_map(&mut self, body: FunctionId) -> Result<Arrow, IllTyped> {
        let (domain, wanted) = self.function_type(body);
        let [c, k, d] = self.parts::<3>("filter_map", domain)?;
        self.same("filter_map", BOOL, wanted)?;
        self.data("filter_map", d)?;
        let map = self.types.map(k, d);
        let domain = self.types.product(&[c, map]);
        self.add(Combinator::FilterMap(body), domain, map, &[])
    }

    /// `C x E x Int -> E + R` from a body of the same type.
    ///
    /// # Errors
    /// `WrongForm` or `Mismatch` if the body's type is another; `TooLarge`.
    pub fn iterate(&mut self, body: FunctionId) -> Result<Arrow, IllTyped> {
        let (domain, sum) = self.function_type(body);
        let [_, e, number] = self.parts::<3>("iterate", domain)?;
        self.same("iterate", INT, number)?;
        match self.types.get(sum) {
            Type::Sum(payloads) if payloads.len() == 2 => {
                let on = payloads[0];
                self.same("iterate", e, on)?;
            }
            _ => {
                return Err(IllTyped::WrongForm {
                    combinator: "iterate",
                    needs: "sum of two",
                    found: sum,
                });
            }
        }
        self.add(Combinator::Iterate(body), domain, sum, &[])
    }

    /// `C -> (A => B)` from a body `C x A -> B`.
    ///
    /// # Errors
    /// `WrongForm` if the body does not start at a pair; `TooLarge`.
    pub fn curry(&mut self, body: FunctionId) -> Result<Arrow, IllTyped> {
        let (domain, b) = self.function_type(body);
        let [c, a] = self.parts::<2>("curry", domain)?;
        let closure = self.types.function(a, b);
        self.add(Combinator::Curry(body), c, closure, &[])
    }

    /// `(A => B) x A -> B`.
    ///
    /// # Errors
    /// `WrongForm` if `function` is no type of functions; `TooLarge`.
    pub fn evaluate(&mut self, function: TypeId) -> Result<Arrow, IllTyped> {
        let Type::Function(a, b) = *self.types.get(function) else {
            return Err(IllTyped::WrongForm {
                combinator: "evaluate",
                needs: "function",
                found: function,
            });
        };
        let domain = self.types.product(&[function, a]);
        self.add(Combinator::Evaluate, domain, b, &[])
    }
}
