//! Submitters that are taken out of inline calls: alone in its process, which has one kick signal.

mod kick {
    mod beside;
    mod held;
    mod never;
    mod storm;
    mod wanted;
}
