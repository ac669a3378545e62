//! What the environment and the profile say of the way to AWS.
//!
//! Read once, from the variables that the host gives and from the files of the AWS CLI, in its
//! order: a variable comes before the profile.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use url::Url;

use crate::cloud::Origin;

/// How AWS is reached, and as whom.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Keys of variables and their values, those of the process.
    variables: BTreeMap<String, String>,
    /// The profile, and whether it was named for this install instead of by a variable.
    pub profile: Option<String>,
    named: bool,
    /// Where the files of the AWS CLI are.
    home: PathBuf,
    /// The file of profiles as it was at the start: every section, `services` included. A file that
    /// cannot be read has none, and the SDK says what is wrong with it.
    sections: Sections,
    /// The region that is asked.
    pub region: String,
    /// A proxy for `https`.
    pub https_proxy: Option<String>,
    /// A proxy for `http`.
    pub http_proxy: Option<String>,
    /// What is reached without a proxy.
    pub no_proxy: Option<String>,
    /// Certificates that count beside those of the system.
    pub ca_bundle: Option<PathBuf>,
    /// How long one question may take in all, with everything that is tried again.
    pub limit: Option<Duration>,
}

/// Says that no endpoint counts that is said anywhere.
const IGNORED: &str = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS";
/// The end of the key of a service in a section of services.
const ENDPOINT: &str = ".endpoint_url";
/// A question takes at most this long.
pub const LIMIT: Duration = Duration::from_secs(30);

impl Settings {
    /// Reads the settings; `profile` is one that was named for this install.
    pub fn read(
        variables: impl IntoIterator<Item = (String, String)>,
        home: &Path,
        profile: Option<&str>,
        region: &str,
    ) -> Self {
        let variables: BTreeMap<_, _> = variables.into_iter().collect();
        let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        let either = |name: &str| variable(name).or_else(|| variable(&name.to_lowercase()));
        let by_variable = || variable("AWS_PROFILE").or_else(|| variable("AWS_DEFAULT_PROFILE"));
        let mut settings = Self {
            profile: profile.map(str::to_owned).or_else(by_variable),
            named: profile.is_some(),
            home: home.to_owned(),
            region: region.to_owned(),
            https_proxy: either("HTTPS_PROXY").or_else(|| either("ALL_PROXY")),
            // As curl and the AWS CLI: the name in capitals could be a header of a CGI request.
            http_proxy: either("HTTP_PROXY").or_else(|| either("ALL_PROXY")),
            no_proxy: either("NO_PROXY"),
            ca_bundle: None,
            sections: Sections::new(),
            limit: None,
            variables,
        };
        let file = std::fs::read_to_string(settings.config_file()).unwrap_or_default();
        settings.sections = sections(&file);
        let bundle = settings.variable("AWS_CA_BUNDLE").map(str::to_owned);
        settings.ca_bundle =
            bundle.or_else(|| settings.own("ca_bundle").map(str::to_owned)).map(PathBuf::from);
        settings
    }

    /// Where the files of the AWS CLI are.
    pub(super) fn home(&self) -> &Path {
        &self.home
    }

    /// A variable that is set and not empty.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.variables.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// The name of the profile, `default` where none is said.
    pub(super) fn profile_name(&self) -> &str {
        self.profile.as_deref().unwrap_or("default")
    }

    /// The profile that was named for this install.
    #[must_use]
    pub fn named_profile(&self) -> Option<&str> {
        self.profile.as_deref().filter(|_| self.named)
    }

    /// Whether credentials of that origin are those of the instance, or lead to others.
    #[must_use]
    pub fn asks_the_instance(&self, origin: Origin) -> bool {
        let is_off = self.variable("AWS_EC2_METADATA_DISABLED");
        let of_instance = || self.own("credential_source") == Some("Ec2InstanceMetadata");
        !is_off.is_some_and(|word| word.eq_ignore_ascii_case("true"))
            && (origin == Origin::Instance || of_instance())
    }

    /// Whether keys in variables count: not where a profile was named for this install.
    pub(super) fn takes_keys_of_variables(&self) -> bool {
        !self.named
    }

    /// Whether the file of keys has some for the profile.
    pub(super) fn has_keys_in_file(&self) -> bool {
        let text = std::fs::read_to_string(self.credentials_file()).unwrap_or_default();
        sections(&text)
            .get(self.profile_name())
            .is_some_and(|s| s.contains_key("aws_access_key_id"))
    }

    /// How long one question may take in all.
    #[must_use]
    pub fn limit(&self) -> Duration {
        self.limit.unwrap_or(LIMIT)
    }

    /// The file of profiles.
    #[must_use]
    pub fn config_file(&self) -> PathBuf {
        let named = self.variable("AWS_CONFIG_FILE").map(PathBuf::from);
        named.unwrap_or_else(|| self.home.join(".aws/config"))
    }

    /// The file of keys.
    #[must_use]
    pub fn credentials_file(&self) -> PathBuf {
        let named = self.variable("AWS_SHARED_CREDENTIALS_FILE").map(PathBuf::from);
        named.unwrap_or_else(|| self.home.join(".aws/credentials"))
    }

    /// A setting of another profile.
    pub(super) fn of_profile(&self, profile: &str, key: &str) -> Option<String> {
        self.sections.get(profile)?.get(key).cloned()
    }

    /// A setting of the profile.
    pub(super) fn own(&self, key: &str) -> Option<&str> {
        self.sections.get(self.profile_name())?.get(key).map(String::as_str)
    }

    /// Where a service is, if that is not where it always is: `AWS_ENDPOINT_URL_…`,
    /// `AWS_ENDPOINT_URL`, then the profile's `services` and its `endpoint_url`.
    #[must_use]
    pub fn endpoint(&self, service: &str) -> Option<Url> {
        if self.ignores_endpoints() {
            return None;
        }
        let key = service.to_uppercase().replace([' ', '-'], "_");
        let of_services = || {
            self.services()?.get(&format!("{}{ENDPOINT}", key.to_lowercase())).map(String::as_str)
        };
        let found = self
            .variable(&format!("AWS_ENDPOINT_URL_{key}"))
            .or_else(|| self.variable("AWS_ENDPOINT_URL"))
            .or_else(of_services)
            .or_else(|| self.own("endpoint_url"));
        found.and_then(|url| url.parse().ok())
    }

    /// What the profile says of endpoints, as variables, for those who do not read the profile: the
    /// variables of the process come before it and are not among these.
    #[must_use]
    pub fn endpoints_of_profile(&self) -> BTreeMap<String, String> {
        const ALL: &str = "AWS_ENDPOINT_URL";
        if self.ignores_endpoints() {
            return BTreeMap::from([(IGNORED.to_owned(), "true".to_owned())]);
        }
        // One for all comes before everything that the profile says.
        if self.variable(ALL).is_some() {
            return BTreeMap::new();
        }
        let all = self.own("endpoint_url").map(|url| (ALL.to_owned(), url.to_owned()));
        let services = self.services().into_iter().flatten();
        let of_services = services.filter_map(|(key, url)| {
            let service = key.strip_suffix(ENDPOINT)?.to_uppercase();
            Some((format!("{ALL}_{service}"), url.clone()))
        });
        let found = of_services.filter(|(name, _)| self.variable(name).is_none());
        found.chain(all).collect()
    }

    /// Whether what is said of endpoints does not count.
    fn ignores_endpoints(&self) -> bool {
        let is_true = |value: Option<&str>| value.is_some_and(|v| v.eq_ignore_ascii_case("true"));
        is_true(self.variable(IGNORED)) || is_true(self.own("ignore_configured_endpoint_urls"))
    }

    /// The section of services that the profile names.
    fn services(&self) -> Option<&BTreeMap<String, String>> {
        self.sections.get(&format!("services {}", self.own("services")?))
    }
}

/// Settings by section.
type Sections = BTreeMap<String, BTreeMap<String, String>>;

/// Profiles by name; keys of an indented block are `block.key`.
fn sections(text: &str) -> Sections {
    let mut sections = Sections::new();
    let (mut section, mut block) = (String::new(), String::new());
    for line in text.lines() {
        let bare = line.trim();
        if bare.is_empty() || bare.starts_with(['#', ';']) {
            continue;
        }
        if let Some(name) = bare.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            let name = name.trim();
            name.strip_prefix("profile ").unwrap_or(name).trim().clone_into(&mut section);
            block.clear();
            continue;
        }
        let Some((key, value)) = bare.split_once('=') else { continue };
        let (key, value) = (key.trim(), value.trim());
        let value = value.split(" #").next().unwrap_or(value).trim();
        let is_nested = line.starts_with([' ', '\t']) && !block.is_empty();
        let key = if is_nested { format!("{block}.{key}") } else { key.to_owned() };
        if !is_nested {
            block = if value.is_empty() { key.clone() } else { String::new() };
        }
        sections.entry(section.clone()).or_default().insert(key, value.to_owned());
    }
    sections
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(variables: &[(&str, &str)], config: &str, profile: Option<&str>) -> Settings {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config");
        std::fs::write(&path, config).unwrap();
        let file = ("AWS_CONFIG_FILE".to_owned(), path.display().to_string());
        let variables = variables.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned()));
        Settings::read(variables.chain([file]), dir.path(), profile, "us-west-2")
    }

    #[test]
    fn a_variable_comes_before_the_profile() {
        let config = "[profile a]\nca_bundle = /profile.pem\n[default]\nca_bundle=/default.pem\n";
        let bundle = |variables: &[(&str, &str)], profile| {
            settings(variables, config, profile).ca_bundle.unwrap().display().to_string()
        };
        assert_eq!(bundle(&[], None), "/default.pem");
        assert_eq!(bundle(&[("AWS_PROFILE", "a")], None), "/profile.pem");
        assert_eq!(bundle(&[("AWS_PROFILE", "b")], Some("a")), "/profile.pem");
        assert_eq!(bundle(&[("AWS_CA_BUNDLE", "/own.pem")], Some("a")), "/own.pem");
    }

    #[test]
    fn an_endpoint_is_looked_for_from_the_narrowest_to_the_widest() {
        let config = "[profile a]\nendpoint_url = http://profile\nservices = local\n\
                      [services local]\nsts =\n  endpoint_url = http://services # ours\n";
        let at = |variables: &[(&str, &str)], service| {
            let url = settings(variables, config, Some("a")).endpoint(service);
            url.map(|url| url.host_str().unwrap().to_owned())
        };
        assert_eq!(at(&[], "ec2").as_deref(), Some("profile"));
        assert_eq!(at(&[], "sts").as_deref(), Some("services"));
        let all = ("AWS_ENDPOINT_URL", "http://all");
        assert_eq!(at(&[all], "sts").as_deref(), Some("all"));
        let one = ("AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2", "http://one");
        assert_eq!(at(&[all, one], "Elastic Load Balancing v2").as_deref(), Some("one"));
        let ignored = ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
        assert_eq!(at(&[all, ignored], "sts"), None);
    }

    #[test]
    fn what_the_profile_says_of_endpoints_is_told_as_variables() {
        let config = "[profile a]\nendpoint_url = http://profile\nservices = local\n\
                      [services local]\ns3 =\n  endpoint_url = http://s3\n\
                      elastic_load_balancing_v2 =\n  endpoint_url = http://elb\n\
                      [profile b]\nendpoint_url = http://b\n\
                      ignore_configured_endpoint_urls = true\n";
        let told = |variables: &[(&str, &str)], profile| {
            let told = settings(variables, config, Some(profile)).endpoints_of_profile();
            told.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>()
        };
        let elb = "AWS_ENDPOINT_URL_ELASTIC_LOAD_BALANCING_V2=http://elb";
        let all = "AWS_ENDPOINT_URL=http://profile";
        assert_eq!(told(&[], "a"), [all, elb, "AWS_ENDPOINT_URL_S3=http://s3"]);
        assert_eq!(told(&[("AWS_ENDPOINT_URL_S3", "http://own")], "a"), [all, elb]);
        assert_eq!(told(&[("AWS_ENDPOINT_URL", "http://own")], "a"), [""; 0]);
        assert_eq!(told(&[], "b"), ["AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=true"]);
        assert_eq!(told(&[], "c"), [""; 0]);
    }

    #[test]
    fn keys_of_variables_do_not_count_where_a_profile_is_named() {
        assert!(settings(&[("AWS_PROFILE", "a")], "", None).takes_keys_of_variables());
        assert!(!settings(&[], "", Some("a")).takes_keys_of_variables());
    }
}
