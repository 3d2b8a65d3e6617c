//! The tree of a list.
//!
//! The functions here take and give nodes behind pointers: a node that nobody else holds is changed in
//! place, another is copied first.

use std::sync::Arc;

use super::entry_weight;
use crate::value::Value;

/// Parts of a node at most.
pub(super) const FULL: usize = 16;
/// Parts of a node that is not the root, at least.
pub(super) const LEAST: usize = 4;
/// Parts that stay when a full node is given one more at its end. More than half, since what was
/// appended to will be appended to again.
const KEPT: usize = 12;

/// A node: a leaf, or a branch above nodes of one height.
#[derive(Clone, Debug)]
pub(super) struct Node {
    /// Items below.
    pub(super) length: usize,
    /// The sum of their weights as entries; it stays at the largest number when it does not fit.
    pub(super) weight: u64,
    pub(super) parts: Parts,
}

#[derive(Clone, Debug)]
pub(super) enum Parts {
    Items(Vec<Value>),
    Nodes(Vec<Child>),
}

/// A node and, beside the pointer to it, its length: a search looks at one node on each level.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) length: usize,
    pub(super) node: Arc<Node>,
}

impl Child {
    fn of(node: Arc<Node>) -> Child {
        Child {
            length: node.length,
            node,
        }
    }
}

impl Default for Node {
    fn default() -> Node {
        Node::of(Parts::Items(Vec::new()))
    }
}

impl Node {
    fn of(parts: Parts) -> Node {
        let mut node = Node {
            length: 0,
            weight: 0,
            parts,
        };
        node.count();
        node.weigh();
        node
    }

    /// A new root.
    pub(super) fn above(left: Arc<Node>, right: Arc<Node>) -> Arc<Node> {
        Arc::new(Node::of(Parts::Nodes(vec![
            Child::of(left),
            Child::of(right),
        ])))
    }

    /// The item at `index`, which there is.
    pub(super) fn item(&self, index: usize) -> &Value {
        let (mut node, mut index) = (self, index);
        loop {
            match &node.parts {
                Parts::Items(items) => return &items[index],
                Parts::Nodes(children) => {
                    let (at, before) = place(children, index);
                    node = &children[at].node;
                    index -= before;
                }
            }
        }
    }

    fn count(&mut self) {
        self.length = match &self.parts {
            Parts::Items(items) => items.len(),
            Parts::Nodes(children) => children.iter().map(|child| child.length).sum(),
        };
    }

    /// Weighs the parts anew.
    fn weigh(&mut self) {
        self.weight = match &self.parts {
            Parts::Items(items) => sum(items.iter().map(entry_weight)),
            Parts::Nodes(children) => sum(children.iter().map(|child| child.node.weight)),
        };
    }

    /// After a part of weight `removed` has become one of weight `added`. A sum that did not fit is
    /// taken anew: what was cut off is not known.
    fn reweigh(&mut self, removed: u64, added: u64) {
        if self.weight == u64::MAX {
            self.weigh();
        } else {
            self.weight = (self.weight - removed).saturating_add(added);
        }
    }

    fn arity(&self) -> usize {
        match &self.parts {
            Parts::Items(items) => items.len(),
            Parts::Nodes(children) => children.len(),
        }
    }

    fn children_mut(&mut self) -> &mut Vec<Child> {
        match &mut self.parts {
            Parts::Nodes(children) => children,
            Parts::Items(_) => unreachable!("a branch, by its height"),
        }
    }

    fn height(&self) -> u32 {
        let (mut node, mut height) = (self, 0);
        while let Parts::Nodes(children) = &node.parts {
            node = &children[0].node;
            height += 1;
        }
        height
    }

    /// Cuts the parts off from `kept` on.
    fn cut(&mut self, kept: usize) -> Arc<Node> {
        let right = Node::of(match &mut self.parts {
            Parts::Items(items) => Parts::Items(cut_off(items, kept)),
            Parts::Nodes(children) => Parts::Nodes(cut_off(children, kept)),
        });
        self.length -= right.length;
        self.reweigh(right.weight, 0);
        Arc::new(right)
    }

    /// In two halves, if it has too many parts.
    fn halved(mut self) -> (Arc<Node>, Option<Arc<Node>>) {
        let arity = self.arity();
        let right = (arity > FULL).then(|| self.cut(arity / 2));
        (Arc::new(self), right)
    }
}

fn sum(weights: impl Iterator<Item = u64>) -> u64 {
    weights.fold(0, u64::saturating_add)
}

/// Nodes live long: one that has lost parts gives their room back.
fn cut_off<T>(parts: &mut Vec<T>, kept: usize) -> Vec<T> {
    let right = parts.split_off(kept);
    parts.shrink_to_fit();
    right
}

/// In which child item `index` is, and how many items are before that child.
fn place(children: &[Child], index: usize) -> (usize, usize) {
    let mut before = 0;
    for (at, child) in children.iter().enumerate() {
        if index - before < child.length {
            return (at, before);
        }
        before += child.length;
    }
    unreachable!("the index is below the length")
}

/// The tree of all items, with full nodes.
pub(super) fn built(items: impl Iterator<Item = Value>) -> Arc<Node> {
    let mut items = items.peekable();
    let mut nodes = Vec::new();
    while items.peek().is_some() {
        let left = items.size_hint().1.unwrap_or(FULL);
        let mut leaf = Vec::with_capacity(left.clamp(1, FULL));
        leaf.extend(items.by_ref().take(FULL));
        leaf.shrink_to_fit();
        nodes.push(Child::of(Arc::new(Node::of(Parts::Items(leaf)))));
    }
    refill(&mut nodes);
    while nodes.len() > 1 {
        let mut above = Vec::with_capacity(nodes.len().div_ceil(FULL));
        let mut rest = nodes.into_iter().peekable();
        while rest.peek().is_some() {
            let children = rest.by_ref().take(FULL).collect();
            above.push(Child::of(Arc::new(Node::of(Parts::Nodes(children)))));
        }
        refill(&mut above);
        nodes = above;
    }
    tree(nodes)
}

/// Appends an item. Gives what did not fit, as a node to the right.
pub(super) fn push(node: &mut Arc<Node>, item: Value, weight: u64) -> Option<Arc<Node>> {
    let own = Arc::make_mut(node);
    own.length += 1;
    own.weight = own.weight.saturating_add(weight);
    match &mut own.parts {
        Parts::Items(items) => {
            make_room(items);
            items.push(item);
        }
        Parts::Nodes(children) => {
            let last = children.last_mut().expect("a branch has children");
            let over = push(&mut last.node, item, weight);
            last.length = last.node.length;
            if let Some(over) = over {
                make_room(children);
                children.push(Child::of(over));
            }
        }
    }
    (own.arity() > FULL).then(|| own.cut(KEPT))
}

/// Room is doubled, but a node never has more than it may fill.
fn make_room<T>(parts: &mut Vec<T>) {
    if parts.len() == parts.capacity() {
        let most = (FULL + 1).saturating_sub(parts.len()).max(1);
        parts.reserve_exact(parts.len().clamp(1, most));
    }
}

/// Takes the last item away; there is one.
pub(super) fn pop(node: &mut Arc<Node>) -> Value {
    let own = Arc::make_mut(node);
    let item = match &mut own.parts {
        Parts::Items(items) => items.pop().expect("a node is not empty"),
        Parts::Nodes(children) => {
            let last = children.last_mut().expect("a branch has children");
            let item = pop(&mut last.node);
            last.length -= 1;
            refill(children);
            item
        }
    };
    own.length -= 1;
    own.reweigh(entry_weight(&item), 0);
    item
}

/// Gives the last child parts of the one before it, if it has too few.
fn refill(children: &mut Vec<Child>) {
    let thin = |child: &Child| child.node.arity() < LEAST;
    if children.len() > 1 && children.last().is_some_and(thin) {
        let right = children.pop().expect("there are two");
        let left = children.pop().expect("there are two");
        let (left, right) = join(left.node, right.node);
        children.push(Child::of(left));
        children.extend(right.map(Child::of));
    }
}

/// A root with one child is not needed.
pub(super) fn lower(root: &mut Arc<Node>) {
    while let Parts::Nodes(children) = &root.parts
        && let [only] = children.as_slice()
    {
        *root = Arc::clone(&only.node);
    }
}

/// Replaces an item that there is. Gives what stood there, and its weight.
pub(super) fn set(node: &mut Arc<Node>, index: usize, item: Value, weight: u64) -> (Value, u64) {
    let own = Arc::make_mut(node);
    let (old, removed) = match &mut own.parts {
        Parts::Items(items) => {
            let old = std::mem::replace(&mut items[index], item);
            let removed = entry_weight(&old);
            (old, removed)
        }
        Parts::Nodes(children) => {
            let (at, before) = place(children, index);
            set(&mut children[at].node, index - before, item, weight)
        }
    };
    own.reweigh(removed, weight);
    (old, removed)
}

/// One tree of two.
pub(super) fn joined(left: Arc<Node>, right: Arc<Node>) -> Arc<Node> {
    if left.length == 0 {
        return right;
    }
    if right.length == 0 {
        return left;
    }
    match join(left, right) {
        (one, None) => one,
        (left, Some(right)) => Node::above(left, right),
    }
}

/// Two trees, of which one may be lower, as one or two of the greater height. If one of the two is a
/// proper part of a tree, so are the results.
fn join(left: Arc<Node>, right: Arc<Node>) -> (Arc<Node>, Option<Arc<Node>>) {
    let (left_height, right_height) = (left.height(), right.height());
    if left_height == right_height {
        return level(left, right);
    }
    let mut own;
    if left_height > right_height {
        own = Arc::unwrap_or_clone(left);
        let children = own.children_mut();
        let last = children.pop().expect("a branch has children");
        let (first, second) = join(last.node, right);
        children.push(Child::of(first));
        children.extend(second.map(Child::of));
    } else {
        own = Arc::unwrap_or_clone(right);
        let children = own.children_mut();
        let first = children.remove(0);
        let (first, second) = join(left, first.node);
        children.splice(0..0, [first].into_iter().chain(second).map(Child::of));
    }
    own.count();
    own.weigh();
    own.halved()
}

/// Two nodes of one height: as they are, or as one or two halves if one has too few parts.
fn level(left: Arc<Node>, right: Arc<Node>) -> (Arc<Node>, Option<Arc<Node>>) {
    if left.arity() >= LEAST && right.arity() >= LEAST {
        return (left, Some(right));
    }
    let mut own = Arc::unwrap_or_clone(left);
    let right = Arc::unwrap_or_clone(right);
    match (&mut own.parts, right.parts) {
        (Parts::Items(items), Parts::Items(more)) => items.extend(more),
        (Parts::Nodes(children), Parts::Nodes(more)) => children.extend(more),
        _ => unreachable!("they are of one height"),
    }
    own.length += right.length;
    own.weight = own.weight.saturating_add(right.weight);
    own.halved()
}

/// The first `at` items and the others.
pub(super) fn split(node: Arc<Node>, at: usize) -> (Arc<Node>, Arc<Node>) {
    if at == 0 {
        return (Arc::default(), node);
    }
    if at >= node.length {
        return (node, Arc::default());
    }
    match Arc::unwrap_or_clone(node).parts {
        Parts::Items(mut items) => {
            let right = cut_off(&mut items, at);
            let leaf = |items| Arc::new(Node::of(Parts::Items(items)));
            (leaf(items), leaf(right))
        }
        Parts::Nodes(mut children) => {
            let (middle, before) = place(&children, at);
            let after = children.split_off(middle + 1);
            let cut = children.pop().expect("the middle one");
            let (left, right) = split(cut.node, at - before);
            (joined(tree(children), left), joined(right, tree(after)))
        }
    }
}

fn tree(mut children: Vec<Child>) -> Arc<Node> {
    match children.len() {
        0 => Arc::default(),
        1 => children.remove(0).node,
        _ => Arc::new(Node::of(Parts::Nodes(children))),
    }
}
