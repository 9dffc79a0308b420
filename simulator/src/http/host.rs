//! HTTP: which server is asked.

/// Which of the three servers was asked, or that of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Host {
    Arm,
    Graph,
    Login,
    /// The data plane of a service.
    Plane,
}

impl Host {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Arm => "arm",
            Self::Graph => "graph",
            Self::Login => "login",
            Self::Plane => "plane",
        }
    }
}
