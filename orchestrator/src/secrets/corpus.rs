//! Tests of the masker: corpora. Hundreds of secrets in the forms in which services, programs and people write them, made
//! by a generator from a seed; and texts of Azure and of this program in which nothing may be touched.

use super::*;

const SEED: u64 = 0x5eed_0f5e_c2e7;

/// A generator of numbers: xorshift, the same from the same seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(below).expect("small")).expect("small")
    }

    fn of(&mut self, letters: &str, length: usize) -> String {
        let letters: Vec<char> = letters.chars().collect();
        (0..length).map(|_| letters[self.roll(letters.len())]).collect()
    }
}

const ALL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// A value that nobody takes for a word: letters and digits.
fn word(dice: &mut Dice) -> String {
    let length = 8 + dice.roll(9);
    format!("{}{}{}", dice.of("abcdefgh", 1), dice.of("0123456789", 2), dice.of(ALL, length))
}

/// What secrets are called.
const NAMES: [&str; 30] = [
    "password",
    "Password",
    "adminPassword",
    "ADMIN_PASSWORD",
    "db-password",
    "pwd",
    "passwd",
    "passphrase",
    "secret",
    "clientSecret",
    "client_secret",
    "AZURE_CLIENT_SECRET",
    "apiKey",
    "api_key",
    "API-KEY",
    "x-api-key",
    "x-functions-key",
    "Ocp-Apim-Subscription-Key",
    "accountKey",
    "AccountKey",
    "primaryKey",
    "secondaryKey",
    "SharedAccessKey",
    "storageKey",
    "masterKey",
    "access_token",
    "refreshToken",
    "sasToken",
    "key",
    "encryptionKey",
];

/// How a name and its value are written; `{n}` and `{v}` stand for them.
const FORMS: [&str; 30] = [
    "{&quot;{n}&quot;:&quot;{v}&quot;}",
    "%7B%22{n}%22%3A%22{v}%22%7D",
    "{\\u0022{n}\\u0022:\\u0022{v}\\u0022}",
    "<x:{n} kind=\"a\">{v}</x:{n}>",
    "{n}:={v}",
    "-H '{n}: {v}'",
    "{n}={v}",
    "{n} = {v}",
    "failed: {n}={v}; then",
    "{n}: {v}",
    "{n}:{v}",
    "{\"{n}\":\"{v}\"}",
    "{\"{n}\": \"{v}\", \"a\": 1}",
    "{\\\"{n}\\\":\\\"{v}\\\"}",
    "{\\\\\\\"{n}\\\\\\\":\\\\\\\"{v}\\\\\\\"}",
    "{ '{n}': '{v}' }",
    "{n}='{v}'",
    "{n} => \"{v}\"",
    "https://x.example/a?b=1&{n}={v}&c=2",
    "https%3A%2F%2Fx%3Fb%3D1%26{n}%3D{v}%26c%3D2",
    "a=1&{n}={v}",
    "<{n}>{v}</{n}>",
    "<add {n}=\"{v}\" />",
    "<add key=\"{n}\" value=\"{v}\" />",
    "{\"name\":\"{n}\",\"value\":\"{v}\"}",
    "tool --{n} {v} --verbose",
    "[\"--{n}\",\"{v}\"]",
    "tool --{n}={v}",
    "Server=x;Database=y;{n}={v};Encrypt=true",
    "export {n}=\"{v}\"",
];

fn looks(dice: &mut Dice) -> Vec<String> {
    const BASE64: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    vec![
        format!("{}=", dice.of(BASE64, 43)),
        format!("{}==", dice.of(BASE64, 86)),
        dice.of(URL, 64),
        dice.of("0123456789abcdef", 32),
        dice.of("0123456789abcdef", 64),
        format!("ghp_{}", dice.of(ALL, 36)),
        format!("github_pat_{}_{}", dice.of(ALL, 22), dice.of(ALL, 59)),
        format!("glpat-{}", dice.of(URL, 20)),
        format!("xoxb-{}-{}", dice.of("0123456789", 12), dice.of(ALL, 24)),
        format!("AKIA{}", dice.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16)),
        format!("eyJhbGciOiJSUzI1NiJ9.{}.{}", dice.of(URL, 60), dice.of(URL, 43)),
        format!("{}8Q~{}", dice.of(ALL, 3), dice.of(URL, 34)),
        format!("AIza{}", dice.of(URL, 35)),
        format!("sk_live_{}", dice.of(ALL, 24)),
        format!("npm_{}", dice.of(ALL, 36)),
        dice.of("abcdefghijklmnopqrstuvwxyz234567", 52),
    ]
}

/// How something that shows by its looks stands in a text; `{v}` stands for it.
const AROUND: [&str; 8] = [
    "{v}",
    "the value {v} is not allowed",
    "'{v}'",
    "\"{v}\"",
    "{\"a\":\"{v}\"}",
    "({v})",
    "x:{v},y",
    "https://x.example/a?b={v}&c=1",
];

#[test]
fn no_secret_of_the_corpus_gets_through() {
    println!("seed {SEED:#x}");
    let mut dice = Dice(SEED);
    let (mut all, mut through) = (0, Vec::new());
    let mut try_one = |text: String, secret: &str| {
        all += 1;
        let told = without_secrets(&text);
        assert_eq!(without_secrets(&told), told, "masking twice is masking once: {text}");
        if told.contains(secret) {
            through.push(text);
        }
    };
    for name in NAMES {
        for form in FORMS {
            let value = word(&mut dice);
            try_one(form.replace("{n}", name).replace("{v}", &value), &value);
        }
    }
    for around in AROUND {
        for value in looks(&mut dice) {
            try_one(around.replace("{v}", &value), &value);
        }
    }
    for (scheme, rest) in [("Bearer", ""), ("Basic", "=="), ("SharedKey", ""), ("bearer", "")] {
        let value = word(&mut dice);
        try_one(format!("Authorization: {scheme} {value}{rest}"), &value);
        try_one(format!("{{\"Authorization\": \"{scheme} {value}{rest}\"}}"), &value);
    }
    for url in ["https://ada:{v}@x.example/r", "amqps://u:{v}@h:5671/q", "redis://:{v}@h"] {
        let value = word(&mut dice);
        try_one(url.replace("{v}", &value), &value);
    }
    for label in ["RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY", "OPENSSH PRIVATE KEY"] {
        let value = dice.of(ALL, 64);
        for line in ["\n", "\\n", "\\r\\n"] {
            try_one(format!("-----BEGIN {label}-----{line}{value}{line}-----END {label}-----"), &value);
        }
    }
    assert!(all >= 500, "the corpus has {all} shapes");
    assert!(through.is_empty(), "{} of {all} got through, with seed {SEED:#x}: {through:#?}", through.len());
}

/// Errors of Azure and words of this program; `{g}` stands for the id of something.
const PLAIN: [&str; 40] = [
    "The client '{g}' with object id '{g}' does not have authorization to perform action 'Microsoft.Authorization/roleAssignments/write' over scope '/subscriptions/{g}/resourceGroups/rg-shop' or the scope is invalid.",
    "Principal {g} does not exist in the directory {g}. Check that you have the correct principal ID.",
    "/subscriptions/{g}/resourceGroups/rg-shop-weu/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-shop",
    "The resource '/subscriptions/{g}/resourceGroups/rg/providers/Microsoft.KeyVault/vaults/kv-shop' was not found.",
    "RoleAssignmentExists: The role assignment already exists.",
    "AADSTS7000215: Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, not the client secret ID, for a secret added to app '{g}'.",
    "AADSTS700027: The certificate with identifier used to sign the client assertion is not registered on application.",
    "AADSTS90002: Tenant '{g}' not found. Trace ID: {g} Correlation ID: {g} Timestamp: 2026-11-29 10:00:00Z",
    "TooManyRequests: retry after 17 seconds",
    "InvalidAuthenticationToken: The access token is invalid.",
    "ExpiredAuthenticationToken: The access token expiry UTC time is in the past.",
    "AuthorizationFailed: you lack the right",
    "KeyVaultErrorNotFound: Secret not found: db-password",
    "ScopeLocked: The scope '/subscriptions/{g}' cannot perform delete operation because following scope(s) are locked.",
    "Reader on rg-shop",
    "Key Vault Secrets User on kv-shop",
    "application permission {g} of Microsoft Graph",
    "member of group grp-shop",
    "app-shop: keyVaultReferenceIdentity old -> NEW",
    "app-shop: AZURE_CLIENT_ID old -> NEW",
    "federated credential gh-main",
    "repo:contoso/shop:ref:refs/heads/main",
    "system:serviceaccount:shop:shop-worker",
    "https://token.actions.githubusercontent.com",
    "https://westeurope.oic.prod-aks.azure.com/{g}/{g}/",
    "api://AzureADTokenExchange",
    "https://kv-shop.vault.azure.net/secrets/db-password/0123456789abcdef0123456789abcdef",
    "@Microsoft.KeyVault(SecretUri=https://kv-shop.vault.azure.net/secrets/db-password)",
    "until Entra knows the new principal (typical < 2 min)",
    "10m until the grants act everywhere: nothing in Azure shows when they do",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "change 4711 approved by Ada, see https://wiki.contoso.example/x?page=4711",
    "m-7f3k12:15 was done by hand: the key vault firewall was opened, and closed again",
    "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})) OR (@Request[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {{g}}))",
    "PUT /subscriptions/{g}/resourceGroups/rg/providers/Microsoft.Web/sites/app-shop?api-version=2023-12-01",
    "the token of the new identity has no groups yet",
    "password authentication is disabled on vm-batch",
    "a secret of the application expires in 12 days",
    "tags: env=prod, owner=ada@contoso.example, cost=4711, tier=Standard_D4s_v5",
    "gh secret set AZURE_CLIENT_ID --repo contoso/shop --body {g}",
];

#[test]
fn nothing_that_a_log_is_read_for_is_touched() {
    println!("seed {SEED:#x}");
    let mut dice = Dice(SEED);
    const HEX: &str = "0123456789abcdef";
    for text in PLAIN {
        for _ in 0..5 {
            let guid = [8, 4, 4, 4, 12].map(|length| dice.of(HEX, length)).join("-");
            let text = text.replace("{g}", &guid);
            assert_eq!(without_secrets(&text), text);
        }
    }
}
