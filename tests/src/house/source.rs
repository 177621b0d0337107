//! The modules of a crate, found from its root by following `mod`; the resolver and the table read them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Attribute, Item, Meta, Token, UseTree, Visibility};

/// Reads the text of a file, if there is such a file. The tests read from memory.
pub type Read<'a> = &'a dyn Fn(&Path) -> Option<String>;

/// One file of a crate.
#[derive(Clone, Debug)]
pub struct File {
    /// Path relative to the top level of the tree.
    pub path: String,
    /// The whole text.
    pub text: String,
    /// Whether only a test build compiles it.
    pub is_test: bool,
}

/// A place where a name of a module leads to.
#[derive(Clone, Debug)]
pub enum Binding {
    /// An item that the file of the module defines.
    Item,
    /// A child module, by its index.
    Module(usize),
    /// The path of a `use`, renamed or not.
    Use(Vec<String>),
}

/// One module: a file, or a part of one.
pub struct Module {
    /// Index of its file.
    pub file: usize,
    /// The module around it; none for a root.
    pub parent: Option<usize>,
    /// Whether only a test build compiles it.
    pub is_test: bool,
    /// The names that stand in it; more than one place each, because of `cfg` and of the three namespaces.
    pub names: BTreeMap<String, Vec<Binding>>,
    /// Paths whose names are all imported.
    pub globs: Vec<Vec<String>>,
    /// Words of the macro calls between the items, which may define any of them.
    pub made_by_macros: Vec<String>,
    /// Its items, without those of child modules.
    pub items: Vec<Item>,
}

/// All modules of a package that its library or its command compiles.
#[derive(Debug)]
pub struct Crate {
    /// The files, in the order in which they are found.
    pub files: Vec<File>,
    /// The modules; each stands behind its parent.
    pub modules: Vec<Module>,
    /// Parts of files that only a test build compiles: file, first line, last line.
    pub test_lines: Vec<(usize, usize, usize)>,
}

impl Crate {
    /// Reads `lib.rs` and `main.rs` of `src`, those of the two that exist, and every module below them.
    ///
    /// # Errors
    ///
    /// Says which file is no Rust, or which module has no file.
    pub fn read(src: &Path, read: Read<'_>) -> Result<Self, String> {
        let mut found = Self { files: Vec::new(), modules: Vec::new(), test_lines: Vec::new() };
        for root in ["lib.rs", "main.rs"] {
            let path = src.join(root);
            if let Some(text) = read(&path) {
                found.file(&path, text, src.to_owned(), None, false, read)?;
            }
        }
        Ok(found)
    }

    /// The module around `module` that has no parent.
    #[must_use]
    pub fn root_of(&self, mut module: usize) -> usize {
        while let Some(parent) = self.modules[module].parent {
            module = parent;
        }
        module
    }

    fn file(
        &mut self,
        path: &Path,
        text: String,
        children: PathBuf,
        parent: Option<usize>,
        is_test: bool,
        read: Read<'_>,
    ) -> Result<usize, String> {
        let syntax = syn::parse_file(&text)
            .map_err(|error| format!("{}:{}: {error}", path.display(), error.span().start().line))?;
        let is_test = is_test || is_for_tests(&syntax.attrs) || is_test_path(path);
        self.files.push(File { path: path.display().to_string(), text, is_test });
        let file = self.files.len() - 1;
        self.module(file, parent, is_test, syntax.items, &children, read)
    }

    fn module(
        &mut self,
        file: usize,
        parent: Option<usize>,
        is_test: bool,
        items: Vec<Item>,
        children: &Path,
        read: Read<'_>,
    ) -> Result<usize, String> {
        let here = self.modules.len();
        self.modules.push(Module {
            file,
            parent,
            is_test,
            names: BTreeMap::new(),
            globs: Vec::new(),
            made_by_macros: Vec::new(),
            items: Vec::new(),
        });
        for item in items {
            if is_for_tests(attributes(&item)) {
                let span = item.span();
                self.test_lines.push((file, span.start().line, span.end().line));
            }
            match item {
                Item::Mod(item) => self.child(here, item, children, read)?,
                item => {
                    self.modules[here].declare(&item, is_test);
                    self.modules[here].items.push(item);
                }
            }
        }
        Ok(here)
    }

    fn child(
        &mut self,
        here: usize,
        item: syn::ItemMod,
        children: &Path,
        read: Read<'_>,
    ) -> Result<(), String> {
        let Module { file, is_test, .. } = self.modules[here];
        let is_test = is_test || is_for_tests(&item.attrs);
        let name = name_of(&item.ident);
        let module = if let Some((_, items)) = item.content {
            self.module(file, Some(here), is_test, items, &children.join(&name), read)?
        } else {
            let beside = Path::new(&self.files[file].path).parent().unwrap_or(Path::new("")).to_owned();
            let own = children.join(&name);
            let places = match path_attribute(&item.attrs) {
                // A file with a path of its own is a `mod.rs` for its children.
                Some(path) => {
                    let path = beside.join(path);
                    let children = path.parent().unwrap_or(Path::new("")).to_owned();
                    vec![(path, children)]
                }
                None => vec![(children.join(format!("{name}.rs")), own.clone()), (own.join("mod.rs"), own)],
            };
            let found = places.into_iter().find_map(|(path, below)| Some((read(&path)?, path, below)));
            let Some((text, path, below)) = found else {
                return Err(format!("{}: no file of `mod {name}`", self.files[file].path));
            };
            self.file(&path, text, below, Some(here), is_test, read)?
        };
        self.modules[here].names.entry(name).or_default().push(Binding::Module(module));
        Ok(())
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The syntax tree has no `Debug` without a feature of `syn` that takes long to compile.
        f.debug_struct("Module").field("file", &self.file).field("names", &self.names).finish_non_exhaustive()
    }
}

impl Module {
    /// Takes note of the names that `item` gives to this module. Only a test sees those of an item for tests.
    fn declare(&mut self, item: &Item, is_test: bool) {
        if !is_test && is_for_tests(attributes(item)) {
            return;
        }
        let name = match item {
            Item::Const(item) => &item.ident,
            Item::Enum(item) => &item.ident,
            Item::Fn(item) => &item.sig.ident,
            Item::Static(item) => &item.ident,
            Item::Struct(item) => &item.ident,
            Item::Trait(item) => &item.ident,
            Item::TraitAlias(item) => &item.ident,
            Item::Type(item) => &item.ident,
            Item::Union(item) => &item.ident,
            Item::Use(item) => return self.import(&item.tree),
            Item::Macro(item) => match &item.ident {
                Some(name) => name,
                None => return words(item.mac.tokens.clone(), &mut self.made_by_macros),
            },
            _ => return,
        };
        self.names.entry(name_of(name)).or_default().push(Binding::Item);
    }

    /// Takes note of the imports of a `use`, in this module or in a block of it.
    pub fn import(&mut self, tree: &UseTree) {
        for import in imports(tree) {
            match import.name {
                Some(name) => self.names.entry(name).or_default().push(Binding::Use(import.path)),
                None => self.globs.push(import.path),
            }
        }
    }
}

/// One path of a `use`, and the name that it gets here; a glob has none.
#[derive(Debug)]
pub struct Import {
    /// The whole path.
    pub path: Vec<String>,
    /// The name in this module.
    pub name: Option<String>,
}

/// The paths of a `use`.
#[must_use]
pub fn imports(tree: &UseTree) -> Vec<Import> {
    let mut found = Vec::new();
    spread(tree, &mut Vec::new(), &mut found);
    found
}

fn spread(tree: &UseTree, before: &mut Vec<String>, found: &mut Vec<Import>) {
    let ends_in_self = |name: &syn::Ident| name == "self";
    let mut add = |name: &syn::Ident, renamed: &syn::Ident| {
        let mut path = before.clone();
        if !ends_in_self(name) || path.is_empty() {
            path.push(name_of(name));
        }
        let own = if ends_in_self(renamed) { path.last().cloned() } else { Some(name_of(renamed)) };
        found.push(Import { path, name: own });
    };
    match tree {
        UseTree::Path(tree) => {
            before.push(name_of(&tree.ident));
            spread(&tree.tree, before, found);
            before.pop();
        }
        UseTree::Name(tree) => add(&tree.ident, &tree.ident),
        UseTree::Rename(tree) => add(&tree.ident, &tree.rename),
        UseTree::Glob(_) => found.push(Import { path: before.clone(), name: None }),
        UseTree::Group(tree) => {
            for tree in &tree.items {
                spread(tree, before, found);
            }
        }
    }
}

/// The name without `r#`.
#[must_use]
pub fn name_of(name: &proc_macro2::Ident) -> String {
    let name = name.to_string();
    name.strip_prefix("r#").map_or(name.clone(), str::to_owned)
}

/// The attributes of an item.
#[must_use]
pub fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether an item with these attributes is compiled for tests only: `cfg(test)`, `cfg(all(test, …))`, `test`.
#[must_use]
pub fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || attribute.path().is_ident("cfg")
                && attribute.parse_args::<Meta>().is_ok_and(|condition| needs_test(&condition))
    })
}

fn needs_test(condition: &Meta) -> bool {
    let inner = |list: &syn::MetaList| {
        Punctuated::<Meta, Token![,]>::parse_terminated.parse2(list.tokens.clone()).unwrap_or_default()
    };
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => inner(list).iter().any(needs_test),
        Meta::List(list) if list.path.is_ident("any") => {
            let parts = inner(list);
            !parts.is_empty() && parts.iter().all(needs_test)
        }
        _ => false,
    }
}

/// Whether the path alone says that a file holds tests: `tests.rs`, `*_tests.rs`, or below a folder `tests`.
#[must_use]
pub fn is_test_path(path: &Path) -> bool {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let mut folders = path.parent().into_iter().flat_map(Path::components);
    stem == "tests"
        || stem.ends_with("_tests")
        || folders.any(|folder| {
            let folder = folder.as_os_str().to_string_lossy();
            folder == "tests" || folder.ends_with("_tests")
        })
}

/// Whether a `use` passes names on instead of using them.
#[must_use]
pub fn is_re_export(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}

fn path_attribute(attributes: &[Attribute]) -> Option<String> {
    let attribute = attributes.iter().find(|attribute| attribute.path().is_ident("path"))?;
    let Meta::NameValue(pair) = &attribute.meta else { return None };
    let syn::Expr::Lit(syn::ExprLit { lit: syn::Lit::Str(path), .. }) = &pair.value else { return None };
    Some(path.value())
}

/// Every word of the tokens.
fn words(tokens: proc_macro2::TokenStream, found: &mut Vec<String>) {
    for token in tokens {
        match token {
            proc_macro2::TokenTree::Ident(name) => found.push(name_of(&name)),
            proc_macro2::TokenTree::Group(group) => words(group.stream(), found),
            _ => {}
        }
    }
}
