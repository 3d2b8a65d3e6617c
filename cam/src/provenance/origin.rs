//! What is known of a value: which places it is a copy of, what it is made of, what decided it.
//!
//! It has the form of the value's type, with one item for all items of a container. Forms are unfolded only where
//! somebody looks, so a state that is moved whole costs one step, however much is in it.
//!
//! A copy is *exact*: in every run the value is the one at the place. Of a place inside a container it is so only
//! within one round over that container, and in the new container that the rounds build. Whatever leaves a round
//! in another way, or enters another one, is [worn](What::Worn): it is still made of the place, and no copy.

use std::rc::Rc;

use crate::combinator::FunctionId;
use crate::provenance::place::PlaceId;
use crate::provenance::sources::Reach;

/// What is known of a value, shared.
pub(super) type Origin = Rc<Node>;

/// What is known of a value.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) what: What,
    /// What reaches any part of it.
    pub(super) reach: Reach,
}

#[derive(Debug)]
pub(super) enum What {
    /// There is no such value: no run gets here.
    Nothing,
    /// The value at a place.
    Place(PlaceId),
    /// A value whose every part is made of the node's reach, for all that is known.
    Made,
    /// An integer that is written in the code.
    Word(i64),
    /// What the other is made of, and more; no copy of it.
    Worn(Origin, Reach),
    Product(Box<[Origin]>),
    /// Which constructor, and what each would carry; those that are missing are never made.
    Sum(Tag, Box<[Origin]>),
    List(Spine, Origin),
    Map(Spine, Origin, Origin),
    Closure(FunctionId, Origin),
}

/// Which constructor a value has.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Tag {
    Known(usize),
    /// The one that stands here for the constructor at a place.
    Of(PlaceId, Rc<[Option<usize>]>),
    Made(Reach),
}

/// How many items a container has, and in which order or under which keys.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Spine {
    Of(PlaceId),
    Made(Reach),
}

/// What a value is, as far as parts can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// Nothing is known, or it has no parts.
    Plain,
    Product(usize),
    Sum(usize),
    List,
    Map,
    Closure,
}

impl Node {
    pub(super) fn is_nothing(&self) -> bool {
        matches!(self.what, What::Nothing)
    }
}
