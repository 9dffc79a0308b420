//! HTTP: which server is asked.

/// Which of the three servers was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Arm,
    Graph,
    Login,
}

impl Host {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arm => "arm",
            Self::Graph => "graph",
            Self::Login => "login",
        }
    }
}
