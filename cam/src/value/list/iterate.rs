//! Walks over the items of a list.

use std::slice;
use std::sync::Arc;
use std::vec;

use super::node::{Child, Node, Parts};
use crate::value::Value;

/// The items of a list, in order.
#[derive(Clone, Debug)]
pub struct Iter<'a> {
    /// Where the walk is in each branch above.
    branches: Vec<slice::Iter<'a, Child>>,
    leaf: slice::Iter<'a, Value>,
}

impl<'a> Iter<'a> {
    pub(super) fn new(root: &'a Node) -> Iter<'a> {
        let mut walk = Iter {
            branches: Vec::new(),
            leaf: [].iter(),
        };
        walk.enter(root);
        walk
    }

    fn enter(&mut self, node: &'a Node) {
        let mut node = node;
        loop {
            match &node.parts {
                Parts::Items(items) => {
                    self.leaf = items.iter();
                    return;
                }
                Parts::Nodes(children) => {
                    let mut rest = children.iter();
                    let Some(first) = rest.next() else { return };
                    self.branches.push(rest);
                    node = &first.node;
                }
            }
        }
    }
}

impl<'a> Iterator for Iter<'a> {
    type Item = &'a Value;

    fn next(&mut self) -> Option<&'a Value> {
        loop {
            if let Some(item) = self.leaf.next() {
                return Some(item);
            }
            match self.branches.last_mut()?.next() {
                Some(child) => self.enter(&child.node),
                None => drop(self.branches.pop()),
            }
        }
    }
}

/// The items of a list, in order, owned. Nodes that nobody else holds give their items away.
#[derive(Debug)]
pub struct IntoIter {
    branches: Vec<vec::IntoIter<Child>>,
    leaf: vec::IntoIter<Value>,
}

impl IntoIter {
    pub(super) fn new(root: Arc<Node>) -> IntoIter {
        let mut walk = IntoIter {
            branches: Vec::new(),
            leaf: Vec::new().into_iter(),
        };
        walk.enter(root);
        walk
    }

    fn enter(&mut self, node: Arc<Node>) {
        let mut node = node;
        loop {
            match Arc::unwrap_or_clone(node).parts {
                Parts::Items(items) => {
                    self.leaf = items.into_iter();
                    return;
                }
                Parts::Nodes(children) => {
                    let mut rest = children.into_iter();
                    let Some(first) = rest.next() else { return };
                    self.branches.push(rest);
                    node = first.node;
                }
            }
        }
    }
}

impl Iterator for IntoIter {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(item) = self.leaf.next() {
                return Some(item);
            }
            match self.branches.last_mut()?.next() {
                Some(child) => self.enter(child.node),
                None => drop(self.branches.pop()),
            }
        }
    }
}
