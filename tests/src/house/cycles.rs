//! The dependency cycles of a graph: its strongly connected components of more than one node, by Tarjan's algorithm.

/// The components with more than one node, each sorted, the largest first. `edges[n]` are the nodes that `n` depends on.
#[must_use]
pub fn cycles(edges: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let unseen = Node { index: usize::MAX, low: usize::MAX, is_open: false };
    let mut search =
        Search { edges, nodes: vec![unseen; edges.len()], open: Vec::new(), seen: 0, found: Vec::new() };
    for node in 0..edges.len() {
        if search.nodes[node].index == usize::MAX {
            search.visit(node);
        }
    }
    search.found.sort_by_key(|component| (usize::MAX - component.len(), component[0]));
    search.found
}

#[derive(Clone, Copy)]
struct Node {
    /// The order in which the search comes here.
    index: usize,
    /// The lowest index that is reached from here and is still open.
    low: usize,
    /// Whether its component is not complete.
    is_open: bool,
}

struct Search<'a> {
    edges: &'a [Vec<usize>],
    nodes: Vec<Node>,
    open: Vec<usize>,
    seen: usize,
    found: Vec<Vec<usize>>,
}

impl Search<'_> {
    fn visit(&mut self, node: usize) {
        let index = self.seen;
        self.nodes[node] = Node { index, low: index, is_open: true };
        self.seen += 1;
        self.open.push(node);
        let edges = self.edges;
        for &next in &edges[node] {
            if self.nodes[next].index == usize::MAX {
                self.visit(next);
                self.nodes[node].low = self.nodes[node].low.min(self.nodes[next].low);
            } else if self.nodes[next].is_open {
                self.nodes[node].low = self.nodes[node].low.min(self.nodes[next].index);
            }
        }
        if self.nodes[node].low == index {
            let start = self.open.iter().position(|&open| open == node).unwrap_or_default();
            let mut component = self.open.split_off(start);
            for &member in &component {
                self.nodes[member].is_open = false;
            }
            if component.len() > 1 {
                component.sort_unstable();
                self.found.push(component);
            }
        }
    }
}
