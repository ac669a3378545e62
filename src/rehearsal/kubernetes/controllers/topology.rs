//! Where pods may be beside each other: affinity and anti-affinity between pods, and topology
//! spread, over hosts, zones or any other label of nodes. Required rules only.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::selector::label_selector_matches;
use super::super::value::{items, label, name, namespace, text};
use super::scheduler::fits_affinity;

const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";

/// A node with its pods.
pub(crate) struct Place<'a> {
    pub(crate) node: &'a Value,
    pub(crate) pods: &'a [&'a Value],
}

/// What the rules of a pod, and of the pods that are there, say about nodes.
pub(crate) struct Rules<'a> {
    pod: &'a Value,
    places: Vec<Place<'a>>,
    namespaces: &'a [Value],
}

impl<'a> Rules<'a> {
    /// The rules for `pod` among the pods of all nodes.
    pub(crate) fn new(pod: &'a Value, places: Vec<Place<'a>>, namespaces: &'a [Value]) -> Self {
        Self { pod, places, namespaces }
    }

    /// Why the pod may not be on a node, in the scheduler's words.
    pub(crate) fn obstacle(&self, node: &Value) -> Option<&'static str> {
        if let Some(why) = self.spread_obstacle(node) {
            return Some(why);
        }
        if !self.has_company(node) {
            return Some("node(s) didn't match pod affinity rules");
        }
        if self.keeps_away(node) {
            return Some("node(s) didn't match pod anti-affinity rules");
        }
        self.is_kept_away(node)
            .then_some("node(s) didn't satisfy existing pods anti-affinity rules")
    }

    /// The pods in the same topology domain as a node; none where the node has no such label.
    fn neighbours(&self, node: &Value, key: &str) -> Vec<&'a Value> {
        let Some(domain) = label(node, key) else { return Vec::new() };
        let same = self.places.iter().filter(|place| label(place.node, key) == Some(domain));
        same.flat_map(|place| place.pods.iter().copied()).collect()
    }

    /// Whether a term of one pod means another.
    fn means(&self, term: &Value, of: &Value, other: &Value) -> bool {
        label_selector_matches(&term["labelSelector"], other)
            && term["labelSelector"].is_object()
            && self.is_in_namespaces(term, of, namespace(other))
    }

    fn is_in_namespaces(&self, term: &Value, of: &Value, other: &str) -> bool {
        let selector = &term["namespaceSelector"];
        let is_listed = items(term, "/namespaces").any(|name| name == other);
        let is_selected = selector.is_object()
            && self
                .namespaces
                .iter()
                .any(|home| name(home) == other && label_selector_matches(selector, home));
        let says_nothing = items(term, "/namespaces").next().is_none() && !selector.is_object();
        is_listed || is_selected || says_nothing && other == namespace(of)
    }

    fn has_company(&self, node: &Value) -> bool {
        terms_of(self.pod, "podAffinity").all(|term| {
            let key = text(term, "/topologyKey");
            let here = self.neighbours(node, key);
            if here.iter().any(|other| self.means(term, self.pod, other)) {
                return true;
            }
            // The first of a group that wants its own company may go anywhere.
            let is_anywhere = self
                .places
                .iter()
                .any(|place| place.pods.iter().any(|other| self.means(term, self.pod, other)));
            !is_anywhere && self.means(term, self.pod, self.pod) && label(node, key).is_some()
        })
    }

    fn keeps_away(&self, node: &Value) -> bool {
        terms_of(self.pod, "podAntiAffinity").any(|term| {
            self.neighbours(node, text(term, "/topologyKey"))
                .iter()
                .any(|other| self.means(term, self.pod, other))
        })
    }

    /// Whether a pod that is there keeps this one away.
    fn is_kept_away(&self, node: &Value) -> bool {
        self.places.iter().any(|place| {
            place.pods.iter().any(|other| {
                terms_of(other, "podAntiAffinity").any(|term| {
                    let key = text(term, "/topologyKey");
                    label(node, key).is_some()
                        && label(node, key) == label(place.node, key)
                        && self.means(term, other, self.pod)
                })
            })
        })
    }

    fn spread_obstacle(&self, node: &Value) -> Option<&'static str> {
        let constraints = items(self.pod, "/spec/topologySpreadConstraints");
        for constraint in constraints.filter(|c| c["whenUnsatisfiable"] == "DoNotSchedule") {
            let key = text(constraint, "/topologyKey");
            let Some(domain) = label(node, key) else {
                return Some(
                    "node(s) didn't match pod topology spread constraints (missing required label)",
                );
            };
            let counts = self.counts(constraint, key);
            let least = counts.values().min().copied().unwrap_or(0);
            // With fewer domains than are wanted the least is none.
            let wanted = constraint["minDomains"].as_u64().unwrap_or(1);
            let least = if (counts.len() as u64) < wanted { 0 } else { least };
            let here = counts.get(domain).copied().unwrap_or(0);
            let itself = u64::from(label_selector_matches(&constraint["labelSelector"], self.pod));
            let most = constraint["maxSkew"].as_u64().unwrap_or(1);
            if (here + itself).saturating_sub(least) > most {
                return Some("node(s) didn't match pod topology spread constraints");
            }
        }
        None
    }

    /// How many pods that a constraint means are in each domain where this one could be.
    fn counts(&self, constraint: &Value, key: &str) -> BTreeMap<&'a str, u64> {
        let mut counts = BTreeMap::new();
        let ignores_affinity = constraint["nodeAffinityPolicy"] == "Ignore";
        for place in &self.places {
            let Some(domain) = label(place.node, key) else { continue };
            if !ignores_affinity && !fits_affinity(self.pod, place.node) {
                continue;
            }
            let meant = place.pods.iter().filter(|other| {
                namespace(other) == namespace(self.pod)
                    && label_selector_matches(&constraint["labelSelector"], other)
            });
            *counts.entry(domain).or_insert(0) += meant.count() as u64;
        }
        counts
    }
}

fn terms_of<'a>(pod: &'a Value, kind: &str) -> impl Iterator<Item = &'a Value> {
    let affinity = &pod["spec"]["affinity"][kind][REQUIRED];
    affinity.as_array().into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn node(name: &str, zone: &str) -> Value {
        json!({"metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, "zone": zone}}})
    }

    fn pod(app: &str, spec: &Value) -> Value {
        json!({"metadata": {"namespace": "x", "labels": {"app": app}}, "spec": spec})
    }

    fn obstacles(new: &Value, nodes: &[Value], pods: &[Vec<&Value>]) -> Vec<Option<&'static str>> {
        let places =
            || nodes.iter().zip(pods).map(|(node, pods)| Place { node, pods }).collect::<Vec<_>>();
        nodes.iter().map(|node| Rules::new(new, places(), &[]).obstacle(node)).collect()
    }

    fn term(app: &str, key: &str) -> Value {
        json!([{"topologyKey": key, "labelSelector": {"matchLabels": {"app": app}}}])
    }

    #[test]
    fn a_pod_that_keeps_its_zone_to_itself_goes_to_another_zone() {
        let nodes = [node("a", "1"), node("b", "1"), node("c", "2")];
        let alone = json!({"affinity": {"podAntiAffinity": {REQUIRED: term("web", "zone")}}});
        let web = pod("web", &alone);
        let there = [vec![&web], vec![], vec![]];
        let away = Some("node(s) didn't match pod anti-affinity rules");
        assert_eq!(obstacles(&web, &nodes, &there), [away, away, None]);
        let away = Some("node(s) didn't satisfy existing pods anti-affinity rules");
        assert_eq!(obstacles(&pod("web", &json!({})), &nodes, &there), [away, away, None]);
    }

    #[test]
    fn a_pod_follows_the_company_that_it_wants_and_the_first_of_its_kind_goes_anywhere() {
        let nodes = [node("a", "1"), node("b", "2")];
        let with = |app: &str| json!({"affinity": {"podAffinity": {REQUIRED: term(app, "zone")}}});
        let other = pod("cache", &json!({}));
        let there = [vec![&other], vec![]];
        let alone = Some("node(s) didn't match pod affinity rules");
        assert_eq!(obstacles(&pod("web", &with("cache")), &nodes, &there), [None, alone]);
        assert_eq!(obstacles(&pod("web", &with("web")), &nodes, &there), [None, None]);
        assert_eq!(obstacles(&pod("web", &with("none")), &nodes, &there), [alone, alone]);
    }

    #[test]
    fn pods_are_spread_no_more_unevenly_than_they_say() {
        let nodes = [node("a", "1"), node("b", "2"), json!({"metadata": {"name": "c"}})];
        let web = pod(
            "web",
            &json!({"topologySpreadConstraints": [{"maxSkew": 1, "topologyKey": "zone",
                "whenUnsatisfiable": "DoNotSchedule",
                "labelSelector": {"matchLabels": {"app": "web"}}}]}),
        );
        let uneven = Some("node(s) didn't match pod topology spread constraints");
        let missing =
            Some("node(s) didn't match pod topology spread constraints (missing required label)");
        let there = [vec![&web], vec![], vec![]];
        assert_eq!(obstacles(&web, &nodes, &there), [uneven, None, missing]);
    }
}
