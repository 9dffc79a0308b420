//! Activities: what a file of a team's code is, by its path and by what it says of itself. Pure.

use serde::{Deserialize, Serialize};

/// A file says what it is within its first bytes.
const LOOKED_AT: usize = 64 << 10;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeKind {
    /// Terraform.
    Terraform,
    /// Values of variables of Terraform.
    TerraformVariables,
    /// A state of Terraform, or what `terraform show -json` prints.
    TerraformState,
    /// Bicep.
    Bicep,
    /// A template of Resource Manager.
    ArmTemplate,
    /// Parameters of a template or of Bicep.
    DeploymentParameters,
    /// A chart of Helm, or values for one.
    Helm,
    /// A manifest of Kubernetes.
    Kubernetes,
    /// What `kubectl get` printed.
    KubernetesExport,
    /// A workflow or an action of GitHub.
    GithubWorkflow,
    /// A pipeline of Azure DevOps.
    AzurePipelines,
    /// Service connections of Azure DevOps, as they were exported.
    ServiceConnection,
    /// Variables of an environment.
    EnvironmentFile,
    /// Any other file of settings.
    Configuration,
    /// Commands for a shell, or for building something.
    Script,
    /// A program.
    Source,
    /// Text for people.
    Document,
    /// Anything else.
    Other,
}

impl CodeKind {
    /// As people read it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Terraform => "Terraform",
            Self::TerraformVariables => "Terraform variables",
            Self::TerraformState => "Terraform state",
            Self::Bicep => "Bicep",
            Self::ArmTemplate => "ARM template",
            Self::DeploymentParameters => "deployment parameters",
            Self::Helm => "Helm",
            Self::Kubernetes => "Kubernetes manifest",
            Self::KubernetesExport => "Kubernetes export",
            Self::GithubWorkflow => "GitHub workflow",
            Self::AzurePipelines => "Azure pipeline",
            Self::ServiceConnection => "service connection",
            Self::EnvironmentFile => "environment file",
            Self::Configuration => "configuration",
            Self::Script => "script",
            Self::Source => "source code",
            Self::Document => "document",
            Self::Other => "other text",
        }
    }

    /// Why an id in it is not simply replaced.
    pub(super) fn by_hand(self) -> Option<&'static str> {
        match self {
            Self::TerraformState => {
                Some("Terraform writes its state by itself: change the code, then import and apply")
            }
            Self::KubernetesExport | Self::ServiceConnection => {
                Some("an export: change what it was exported from")
            }
            Self::Script | Self::Source => Some("code may compare it, or keep more than one"),
            Self::Document | Self::Other => Some("nobody can tell from outside what it is for"),
            Self::Terraform
            | Self::TerraformVariables
            | Self::Bicep
            | Self::ArmTemplate
            | Self::DeploymentParameters
            | Self::Helm
            | Self::Kubernetes
            | Self::GithubWorkflow
            | Self::AzurePipelines
            | Self::EnvironmentFile
            | Self::Configuration => None,
        }
    }
}

/// What a file is. `path` is from the root of its repository, with slashes; `in_chart` is whether a chart of Helm
/// stands in its folder or above.
pub fn kind(path: &str, text: &[u8], in_chart: bool) -> CodeKind {
    let text = &text[..text.len().min(LOOKED_AT)];
    let path = path.to_ascii_lowercase();
    let name = path.rsplit('/').next().unwrap_or_default();
    let ends = |all: &[&str]| all.iter().any(|end| name.ends_with(end));
    if ends(&[".tfstate", ".tfstate.backup"]) {
        CodeKind::TerraformState
    } else if ends(&[".tfvars", ".tfvars.json"]) {
        CodeKind::TerraformVariables
    } else if ends(&[".tf", ".tf.json", ".tofu", ".hcl"]) {
        CodeKind::Terraform
    } else if ends(&[".bicep"]) {
        CodeKind::Bicep
    } else if ends(&[".bicepparam"]) {
        CodeKind::DeploymentParameters
    } else if name == ".env" || name.starts_with(".env.") || ends(&[".env", ".envrc"]) {
        CodeKind::EnvironmentFile
    } else if ends(&[".json", ".yaml", ".yml", ".jsonc"]) {
        data(&path, name, text, in_chart)
    } else if in_chart && ends(&[".tpl"]) {
        CodeKind::Helm
    } else if ends(&[".toml", ".xml", ".ini", ".properties", ".conf", ".config", ".cfg", ".settings"]) {
        CodeKind::Configuration
    } else if ends(&[
        ".sh",
        ".bash",
        ".zsh",
        ".ps1",
        ".psm1",
        ".psd1",
        ".bat",
        ".cmd",
        "makefile",
        "dockerfile",
    ]) {
        CodeKind::Script
    } else if ends(SOURCES) {
        CodeKind::Source
    } else if ends(&[".md", ".txt", ".rst", ".adoc", ".html", ".csv"]) {
        CodeKind::Document
    } else {
        CodeKind::Other
    }
}

const SOURCES: &[&str] = &[
    ".rs", ".go", ".py", ".cs", ".java", ".kt", ".ts", ".tsx", ".js", ".jsx", ".mjs", ".cjs", ".rb", ".php",
    ".fs", ".vb", ".scala", ".swift", ".c", ".cc", ".cpp", ".h", ".hpp", ".sql", ".kql", ".ipynb", ".pl",
    ".r", ".ex", ".dart",
];

/// What a file of JSON or YAML is: its place says it, or its words.
fn data(path: &str, name: &str, text: &[u8], in_chart: bool) -> CodeKind {
    let has = |word: &str| contains(text, word);
    let below = |folder: &str| path.starts_with(folder) || path.contains(&format!("/{folder}"));
    if has("deploymenttemplate.json#") {
        CodeKind::ArmTemplate
    } else if has("deploymentparameters.json#") {
        CodeKind::DeploymentParameters
    } else if has("\"terraform_version\"") {
        CodeKind::TerraformState
    } else if below(".github/workflows/") || below(".github/actions/") || name == "action.yml" {
        CodeKind::GithubWorkflow
    } else if has("\"serviceendpointprojectreferences\"") || has("\"serviceprincipalid\"") {
        CodeKind::ServiceConnection
    } else if is_pipeline(path, name, text) {
        CodeKind::AzurePipelines
    } else if in_chart {
        CodeKind::Helm
    } else if has("apiversion") && has("kind") {
        match has("resourceversion") || has("creationtimestamp") {
            true => CodeKind::KubernetesExport,
            false => CodeKind::Kubernetes,
        }
    } else {
        CodeKind::Configuration
    }
}

fn is_pipeline(path: &str, name: &str, text: &[u8]) -> bool {
    let named = name.starts_with("azure-pipelines")
        || path.contains(".azuredevops/")
        || path.contains(".azure-pipelines/");
    let says = ["azuresubscription:", "azureserviceconnection:", "connectedservicename"];
    named || (!name.ends_with(".json") && says.iter().any(|word| contains(text, word)))
}

/// Whether a text has these words of lower case, in any case.
pub(super) fn contains(text: &[u8], word: &str) -> bool {
    let word = word.as_bytes();
    let Some(first) = word.first() else { return true };
    let is = |at: usize| text[at..].get(..word.len()).is_some_and(|there| there.eq_ignore_ascii_case(word));
    let mut from = 0;
    while let Some(next) = text[from..].iter().position(|byte| byte.eq_ignore_ascii_case(first)) {
        if is(from + next) {
            return true;
        }
        from += next + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_what_its_name_or_its_words_say() {
        let manifest = "apiVersion: v1\nkind: ServiceAccount\n";
        let export = r#"{"apiVersion":"v1","kind":"List","items":[{"metadata":{"resourceVersion":"1"}}]}"#;
        let template = r#"{"$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"}"#;
        let parameters = r#"{"$schema":"https://x/2019-04-01/deploymentParameters.json#"}"#;
        for (path, text, in_chart, wanted) in [
            ("a/main.tf", "", false, CodeKind::Terraform),
            ("a/Prod.TFVARS", "", false, CodeKind::TerraformVariables),
            ("terraform.tfstate.backup", "", false, CodeKind::TerraformState),
            (
                "show.json",
                r#"{"format_version":"1.0","terraform_version":"1.9"}"#,
                false,
                CodeKind::TerraformState,
            ),
            ("x.bicep", "", false, CodeKind::Bicep),
            ("x.json", template, false, CodeKind::ArmTemplate),
            ("x.parameters.json", parameters, false, CodeKind::DeploymentParameters),
            ("charts/pay/values.yaml", "", true, CodeKind::Helm),
            ("k8s/sa.yaml", manifest, false, CodeKind::Kubernetes),
            ("sa.json", export, false, CodeKind::KubernetesExport),
            (".github/workflows/ci.yml", "on: push", false, CodeKind::GithubWorkflow),
            (
                "build.yml",
                "steps:\n- task: AzureCLI@2\n  inputs:\n    azureSubscription: x",
                false,
                CodeKind::AzurePipelines,
            ),
            (
                "endpoints.json",
                r#"[{"authorization":{"parameters":{"serviceprincipalid":"x"}}}]"#,
                false,
                CodeKind::ServiceConnection,
            ),
            (".env.prod", "", false, CodeKind::EnvironmentFile),
            ("app/appsettings.json", "{}", false, CodeKind::Configuration),
            ("Dockerfile", "", false, CodeKind::Script),
            ("src/Program.cs", "", false, CodeKind::Source),
            ("README.md", "", false, CodeKind::Document),
            ("LICENSE", "", false, CodeKind::Other),
        ] {
            assert_eq!(kind(path, text.as_bytes(), in_chart), wanted, "{path}");
        }
    }
}
