//! Names resolved to the files that define them: the edges between files, and the implementors of traits.
//!
//! A type, function, constant, trait or macro that a file names is an edge to the file that defines it, through any
//! number of re-exports; so is an `impl` of a type that another file defines. A private `use` counts by itself, because a
//! trait is used without being named again. Re-exports, `mod` lines, attributes, visibilities, doc comments and
//! parts for tests only are no edges. Method calls and fields are not resolved: the type of the value would be needed.
//! In macros the tokens are read as paths. Both branches of a `cfg` count.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::spanned::Spanned;
use syn::visit::{self, Visit};
use syn::{Item, UseTree};

use super::source::{self, Binding, Crate, name_of};

/// The end of a path.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub enum Target {
    /// An item: its module and its name.
    Item(usize, String),
    /// A module.
    Module(usize),
}

/// Where a file first names something of another: the line, and the path as it is written.
#[derive(Clone, Debug)]
pub struct Place {
    /// Line in the file that names.
    pub line: usize,
    /// The path.
    pub path: String,
}

/// A trait and its implementors.
#[derive(Clone, Debug)]
pub struct Trait {
    /// The file that defines it, by its index.
    pub file: usize,
    /// Its name.
    pub name: String,
    /// Implementations outside tests. One in a macro counts as two, because it may be written out any number of times.
    pub implementors: usize,
    /// Implementations in tests.
    pub doubles: usize,
}

/// The findings of the resolver in a crate.
#[derive(Debug)]
pub struct Resolved {
    /// For each pair of different files, by index, the first place where the one names the other.
    pub edges: BTreeMap<(usize, usize), Place>,
    /// The traits that the crate defines outside tests.
    pub traits: Vec<Trait>,
    /// The files with an inherent `impl` of each type.
    pub inherent: BTreeMap<Target, BTreeSet<usize>>,
}

/// Resolves every name of the crate. Block-level imports are added to their module first.
#[must_use]
pub fn resolve(found: &mut Crate) -> Resolved {
    for module in &mut found.modules {
        let mut imports = BlockImports(Vec::new());
        module
            .items
            .iter()
            .filter(|item| !matches!(item, Item::Use(_)))
            .for_each(|item| imports.visit_item(item));
        imports.0.iter().for_each(|tree| module.import(tree));
    }
    let mut names = Names {
        found,
        module: 0,
        locals: BTreeSet::new(),
        edges: BTreeMap::new(),
        implementors: BTreeMap::new(),
        inherent: BTreeMap::new(),
        is_test: false,
    };
    for module in 0..names.found.modules.len() {
        names.read(module);
    }
    let Names { edges, implementors, inherent, .. } = names;
    let mut traits = Vec::new();
    for (index, module) in found.modules.iter().enumerate().filter(|(_, module)| !module.is_test) {
        for item in &module.items {
            if let Item::Trait(item) = item
                && !source::is_for_tests(&item.attrs)
            {
                let name = name_of(&item.ident);
                let (implementors, doubles) =
                    implementors.get(&Target::Item(index, name.clone())).copied().unwrap_or_default();
                traits.push(Trait { file: module.file, name, implementors, doubles });
            }
        }
    }
    Resolved { edges, traits, inherent }
}

/// The `use` lines inside of functions.
struct BlockImports(Vec<UseTree>);

impl<'ast> Visit<'ast> for BlockImports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.0.push(item.tree.clone());
    }
}

/// The names that patterns bind, which hide functions of the same name.
struct Locals<'a>(&'a mut BTreeSet<String>);

impl<'ast> Visit<'ast> for Locals<'_> {
    fn visit_pat_ident(&mut self, pattern: &'ast syn::PatIdent) {
        self.0.insert(name_of(&pattern.ident));
        visit::visit_pat_ident(self, pattern);
    }
}

struct Names<'a> {
    found: &'a Crate,
    /// The module that is read.
    module: usize,
    /// Names that its patterns bind.
    locals: BTreeSet<String>,
    edges: BTreeMap<(usize, usize), Place>,
    /// For each trait, how many implementations are outside tests, and how many inside.
    implementors: BTreeMap<Target, (usize, usize)>,
    inherent: BTreeMap<Target, BTreeSet<usize>>,
    /// Whether the item that is read is for tests.
    is_test: bool,
}

impl Names<'_> {
    fn read(&mut self, module: usize) {
        self.module = module;
        self.locals.clear();
        let found = self.found;
        for item in &found.modules[module].items {
            Locals(&mut self.locals).visit_item(item);
        }
        for item in &found.modules[module].items {
            self.is_test = found.modules[module].is_test || source::is_for_tests(source::attributes(item));
            self.visit_item(item);
        }
    }

    /// Reads `inner`, for tests only if its attributes say so.
    fn within(&mut self, attributes: &[syn::Attribute], inner: impl FnOnce(&mut Self)) {
        let before = self.is_test;
        self.is_test |= source::is_for_tests(attributes);
        inner(self);
        self.is_test = before;
    }

    fn name(&mut self, path: &[String], line: usize) {
        for target in self.targets(path, false) {
            self.edge(&target, line, path);
        }
    }

    fn edge(&mut self, target: &Target, line: usize, path: &[String]) {
        let Target::Item(module, _) = target else { return };
        let (from, to) = (self.found.modules[self.module].file, self.found.modules[*module].file);
        if from != to && !self.is_test && !self.found.modules[*module].is_test {
            self.edges.entry((from, to)).or_insert_with(|| Place { line, path: path.join("::") });
        }
    }

    fn targets(&self, path: &[String], is_macro: bool) -> BTreeSet<Target> {
        let mut seen = BTreeSet::new();
        let targets = follow(self.found, self.module, path, &mut seen);
        if targets.is_empty() && is_macro && path.len() == 1 {
            // A `macro_rules!` is in scope in the child modules below it.
            let mut around = self.found.modules[self.module].parent;
            while let Some(module) = around {
                let targets = lookup(self.found, module, &path[0], &mut BTreeSet::new());
                if !targets.is_empty() {
                    return targets;
                }
                around = self.found.modules[module].parent;
            }
        }
        targets
    }

    fn implemented(&mut self, path: &[String], times: usize) {
        for target in self.targets(path, false) {
            let (outside, inside) = self.implementors.entry(target).or_default();
            *(if self.is_test { inside } else { outside }) += times;
        }
    }

    /// Reads the paths among the tokens of a macro.
    fn tokens(&mut self, tokens: TokenStream) {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        let is = |at: usize, sign: char| matches!(tokens.get(at), Some(TokenTree::Punct(found)) if found.as_char() == sign);
        let word = |at: usize| match tokens.get(at) {
            Some(TokenTree::Ident(name)) => Some(name_of(name)),
            _ => None,
        };
        let mut is_impl = false;
        let mut at = 0;
        while at < tokens.len() {
            if let TokenTree::Group(group) = &tokens[at] {
                is_impl &= group.delimiter() != Delimiter::Brace;
                self.tokens(group.stream());
            }
            let Some(first) = word(at) else {
                at += 1;
                continue;
            };
            let (start, line) = (at, tokens[at].span().start().line);
            let mut path = vec![first];
            at += 1;
            while is(at, ':')
                && is(at + 1, ':')
                && let Some(next) = word(at + 2)
            {
                path.push(next);
                at += 3;
            }
            let before = start.checked_sub(1);
            let is_after = |sign: char| before.is_some_and(|before| is(before, sign));
            let defines = before.and_then(word).is_some_and(|before| DEFINES.contains(&before.as_str()));
            // `$crate::a` is a path of this crate, `$a` a parameter; `a:` is a field, `a.b` and `'a` are no paths.
            let is_parameter = is_after('$') && path[0] != "crate";
            let is_field = path.len() == 1 && is(at, ':') && !is(at + 1, ':');
            is_impl |= path[0] == "impl";
            if is_impl && word(at).is_some_and(|next| next == "for") {
                self.implemented(&path, 2);
            }
            if !(is_parameter
                || is_field
                || is_after('.')
                || is_after('\'')
                || is_after(':') && !is_single_colon(&tokens, start)
                || defines)
                && !(path.len() == 1 && self.is_local(&path[0]))
            {
                self.name(&path, line);
            }
        }
    }

    fn is_local(&self, name: &str) -> bool {
        name.starts_with(|first: char| first.is_lowercase()) && self.locals.contains(name)
    }
}

/// After these a name is defined, not used.
const DEFINES: &[&str] = &["fn", "struct", "enum", "trait", "type", "const", "static", "mod", "let"];

/// Whether the colon before `at` stands alone, as in `name: Type`.
fn is_single_colon(tokens: &[TokenTree], at: usize) -> bool {
    at < 2 || !matches!(&tokens[at - 2], TokenTree::Punct(sign) if sign.as_char() == ':')
}

type Seen = BTreeSet<(usize, String)>;

/// The targets of `path` in `module`.
fn follow(found: &Crate, module: usize, path: &[String], seen: &mut Seen) -> BTreeSet<Target> {
    let mut targets = BTreeSet::new();
    for (at, name) in path.iter().enumerate() {
        // A function may have the name of a module; only the module has names below it.
        if targets.iter().any(|target| matches!(target, Target::Module(_))) {
            targets.retain(|target| matches!(target, Target::Module(_)));
        }
        let modules: Vec<usize> = if at == 0 {
            vec![module]
        } else {
            targets
                .iter()
                .filter_map(|target| if let Target::Module(module) = target { Some(*module) } else { None })
                .collect()
        };
        // A part of an item, such as a method or a variant, is defined where the item is.
        let mut next: BTreeSet<Target> =
            targets.into_iter().filter(|target| matches!(target, Target::Item(..))).collect();
        for module in modules {
            match name.as_str() {
                "crate" if at == 0 => _ = next.insert(Target::Module(found.root_of(module))),
                "self" => _ = next.insert(Target::Module(module)),
                "super" => next.extend(found.modules[module].parent.map(Target::Module)),
                name => next.extend(lookup(found, module, name, seen)),
            }
        }
        targets = next;
    }
    targets
}

/// The targets of `name` in `module`: its own names first, then its globs, then the words of its macro calls.
fn lookup(found: &Crate, module: usize, name: &str, seen: &mut Seen) -> BTreeSet<Target> {
    let mut targets = BTreeSet::new();
    if !seen.insert((module, name.to_owned())) {
        return targets;
    }
    let here = &found.modules[module];
    for binding in here.names.get(name).into_iter().flatten() {
        match binding {
            Binding::Item => _ = targets.insert(Target::Item(module, name.to_owned())),
            Binding::Module(child) => _ = targets.insert(Target::Module(*child)),
            // `use name;` and `use name::other as name;` begin at a crate from outside, or at another name of this module.
            Binding::Use(path) => targets.extend(follow(found, module, path, seen)),
        }
    }
    if targets.is_empty() && !here.names.contains_key(name) {
        for glob in &here.globs {
            for target in follow(found, module, glob, &mut seen.clone()) {
                if let Target::Module(from) = target {
                    targets.extend(lookup(found, from, name, seen));
                }
            }
        }
        if targets.is_empty() && here.made_by_macros.iter().any(|word| word == name) {
            targets.insert(Target::Item(module, name.to_owned()));
        }
    }
    seen.remove(&(module, name.to_owned()));
    targets
}

fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| name_of(&segment.ident)).collect()
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if source::is_re_export(&item.vis) {
            return;
        }
        for import in source::imports(&item.tree) {
            self.name(&import.path, item.span().start().line);
        }
    }

    fn visit_item(&mut self, item: &'ast Item) {
        self.within(source::attributes(item), |names| visit::visit_item(names, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.within(&item.attrs, |names| visit::visit_impl_item_fn(names, item));
    }

    fn visit_field(&mut self, item: &'ast syn::Field) {
        self.within(&item.attrs, |names| visit::visit_field(names, item));
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        if let Some((_, path, _)) = &item.trait_ {
            self.implemented(&segments(path), 1);
        } else if let syn::Type::Path(of) = &*item.self_ty
            && !self.is_test
        {
            let file = self.found.modules[self.module].file;
            for of in self.targets(&segments(&of.path), false) {
                self.inherent.entry(of).or_default().insert(file);
            }
        }
        visit::visit_item_impl(self, item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = segments(path);
        if path.leading_colon.is_none() && !(names.len() == 1 && self.is_local(&names[0])) {
            self.name(&names, path.span().start().line);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let path = segments(&called.path);
        for target in self.targets(&path, true) {
            self.edge(&target, called.path.span().start().line, &path);
        }
        self.tokens(called.tokens.clone());
    }
}
