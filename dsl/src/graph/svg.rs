//! The graph as a picture: the states on a circle, the inputs on the lines between them.

use std::f64::consts::TAU;
use std::fmt::Write;

use super::Graph;

/// Half the height of a state.
const HALF_HEIGHT: f64 = 18.0;

/// Room of one letter.
const LETTER: f64 = 8.0;

/// How far a line is bent, so that the line back is another one.
const BEND: f64 = 0.16;

#[derive(Clone, Copy)]
struct Point {
    x: f64,
    y: f64,
}

impl Point {
    /// The point so far on the way to another: 0 is here, 1 is there.
    fn toward(self, other: Point, part: f64) -> Point {
        Point {
            x: self.x + (other.x - self.x) * part,
            y: self.y + (other.y - self.y) * part,
        }
    }

    /// Beside the middle of the way to another.
    fn bent(self, other: Point) -> Point {
        let middle = self.toward(other, 0.5);
        Point {
            x: middle.x + (other.y - self.y) * BEND,
            y: middle.y - (other.x - self.x) * BEND,
        }
    }

    /// So far in the direction of another.
    fn step(self, other: Point, length: f64) -> Point {
        let distance = (other.x - self.x).hypot(other.y - self.y).max(1.0);
        self.toward(other, length / distance)
    }
}

/// A node: a state, or `any` after the last of them.
struct Node<'a> {
    name: &'a str,
    centre: Point,
    half_width: f64,
}

impl Node<'_> {
    /// Where a line in the direction of a point leaves the box.
    fn border(&self, to: Point) -> Point {
        let (x, y) = (to.x - self.centre.x, to.y - self.centre.y);
        let across = x.abs() / self.half_width;
        let along = y.abs() / HALF_HEIGHT;
        self.centre.toward(to, 1.0 / across.max(along).max(1.0))
    }
}

pub(super) fn drawn(graph: &Graph) -> String {
    let edges = graph.edges();
    let is_open = edges.keys().any(|(_, to)| to.is_none());
    let mut names: Vec<&str> = graph.states.iter().map(String::as_str).collect();
    names.extend(is_open.then_some("any"));
    let nodes = placed(&names);
    let (width, height) = nodes.iter().fold((0.0, 0.0), |(width, height), node| {
        let right = node.centre.x + node.half_width;
        (right.max(width), (node.centre.y + HALF_HEIGHT).max(height))
    });
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {:.0} {:.0}\" font-family=\"sans-serif\" \
         font-size=\"14\">\n  <title>{}</title>\n  <defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" \
         markerWidth=\"8\" markerHeight=\"8\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
        width + 60.0,
        height + 60.0,
        graph.machine
    );
    for ((from, to), inputs) in edges {
        let to = to.unwrap_or(names.len() - 1);
        line(
            &mut text,
            &nodes[from],
            &nodes[to],
            from == to,
            &inputs.join(", "),
        );
    }
    for (number, node) in nodes.iter().enumerate() {
        state(&mut text, node, graph.first.contains(&number));
    }
    text + "</svg>\n"
}

/// Nodes on a circle that is large enough for their names, the first at the top.
fn placed<'a>(names: &[&'a str]) -> Vec<Node<'a>> {
    let size = |text: &str| f64::from(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
    let widest = names.iter().map(|name| size(name)).fold(0.0, f64::max) * LETTER;
    let count = size(&"x".repeat(names.len()));
    let radius = if names.len() == 1 {
        0.0
    } else {
        (count * (widest + 90.0) / TAU).max(130.0)
    };
    let centre = Point {
        x: radius + widest + 40.0,
        y: radius + 80.0,
    };
    let node = |(name, number): (&&'a str, u32)| {
        let angle = TAU * f64::from(number) / count - TAU / 4.0;
        Node {
            name,
            centre: Point {
                x: centre.x + radius * angle.cos(),
                y: centre.y + radius * angle.sin(),
            },
            half_width: size(name) * LETTER / 2.0 + 12.0,
        }
    };
    names.iter().zip(0_u32..).map(node).collect()
}

fn line(text: &mut String, from: &Node<'_>, to: &Node<'_>, is_loop: bool, label: &str) {
    let (start, bend, end) = if is_loop {
        let above = |x| Point {
            x: from.centre.x + x,
            y: from.centre.y - HALF_HEIGHT,
        };
        let (start, end) = (above(-14.0), above(14.0));
        let bend = Point {
            x: from.centre.x,
            y: from.centre.y - HALF_HEIGHT - 56.0,
        };
        (start, bend, end)
    } else {
        let bend = from.centre.bent(to.centre);
        let end = to.border(bend).step(bend, 2.0);
        (from.border(bend), bend, end)
    };
    let place = start.toward(end, 0.5).toward(bend, 0.62);
    let _ = writeln!(
        text,
        "  <path d=\"M{:.0} {:.0}Q{:.0} {:.0} {:.0} {:.0}\" fill=\"none\" stroke=\"#555\" marker-end=\"url(#tip)\"/>\n  \
         <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\" fill=\"#064\">{label}</text>",
        start.x, start.y, bend.x, bend.y, end.x, end.y, place.x, place.y
    );
}

fn state(text: &mut String, node: &Node<'_>, is_first: bool) {
    let thick = if is_first { 3 } else { 1 };
    let (x, y) = (node.centre.x - node.half_width, node.centre.y - HALF_HEIGHT);
    let _ = writeln!(
        text,
        "  <rect x=\"{x:.0}\" y=\"{y:.0}\" width=\"{:.0}\" height=\"{:.0}\" rx=\"8\" fill=\"#fff\" stroke=\"#000\" \
         stroke-width=\"{thick}\"/>\n  <text x=\"{:.0}\" y=\"{:.0}\" text-anchor=\"middle\">{}</text>",
        node.half_width * 2.0,
        HALF_HEIGHT * 2.0,
        node.centre.x,
        node.centre.y + 5.0,
        node.name
    );
}
