//! What becomes of a program when a call fails, and calls side by side.

use crate::program::build::Builder;
use crate::program::build::call::Call;
use crate::program::build::draft::Lead;
use crate::program::build::value::{Test, Value};

/// A call that was just written: what it gives, and what becomes of the program when it fails.
#[derive(Debug)]
pub struct Made<'b, 'p, T> {
    pub(crate) builder: &'b mut Builder<'p>,
    pub(crate) at: usize,
    pub(crate) value: Value<'p, T>,
}

impl<'p, T> Made<'_, 'p, T> {
    /// The program goes on, whatever the call comes to.
    pub fn value(self) -> Value<'p, T> {
        self.value
    }

    /// An error ends the program, by the way out.
    pub fn or_stop(self) -> Value<'p, T> {
        self.stop_if(Test::error())
    }

    /// An error leaves the loop around.
    ///
    /// # Panics
    /// When there is none.
    pub fn or_break(self) -> Value<'p, T> {
        self.break_if(Test::error())
    }

    /// A value that passes the test ends the program, by the way out.
    pub fn stop_if(self, test: Test<'p>) -> Value<'p, T> {
        self.builder.lead(self.at, test, Lead::Stop, Lead::Next);
        self.value
    }

    /// A value that passes the test leaves the loop around.
    ///
    /// # Panics
    /// When there is none.
    pub fn break_if(self, test: Test<'p>) -> Value<'p, T> {
        let (_, end) = self.builder.innermost();
        self.builder.lead(self.at, test, Lead::To(end), Lead::Next);
        self.value
    }

    /// A value that passes the test begins the loop around anew.
    ///
    /// # Panics
    /// When there is none.
    pub fn continue_if(self, test: Test<'p>) -> Value<'p, T> {
        let (begin, _) = self.builder.innermost();
        self.builder.lead(self.at, test, Lead::To(begin), Lead::Next);
        self.value
    }
}

/// Calls that run side by side.
#[derive(Debug)]
pub struct Group<'b, 'p> {
    pub(crate) builder: &'b mut Builder<'p>,
}

impl<'p> Group<'_, 'p> {
    /// Makes a call beside the others.
    pub fn call<T>(&mut self, call: Call<'p, T>) -> Value<'p, T> {
        Value::new(self.builder.push(call.draft()))
    }
}
