//! Creating, changing and deleting objects of the world.
//!
//! The work itself is done by a task of the world: a tool that goes away in the middle does not
//! undo it, as AWS would not. A tool that says stop gets an error and the object as far as it is.
//! Start at [`apply`].

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::access;
use super::caller::Trouble;
use super::capacity;
use super::computed::{self, Completed};
use super::conflict;
use super::dependants;
use super::durations::{self, Action};
use super::existing;
use super::faults::{self, Verdict};
use super::kinds::is_drawn;
use super::limits;
use super::making::{self, Begin};
use super::operations::{self, Calls};
use super::quotas;
use super::refusal::{self, Refusal, Subject, Telling};
use super::scene::{self, Scene, TABLE};
use super::schema::Resource;
use super::session::Session;
use super::value::Value;
use super::wire::Diagnostic;
use crate::rehearsal::{World, victims};

/// The provider looks so often at what it waits for, in the world's time.
const BETWEEN_POLLS: Duration = Duration::from_secs(10);
/// However fast the world is.
const SHORTEST_PAUSE: Duration = Duration::from_millis(100);

/// One change that a tool asks for.
pub(super) struct Change<'a> {
    pub(super) world: &'a Arc<World>,
    pub(super) session: &'a Arc<Session>,
    pub(super) type_name: &'a str,
    pub(super) resource: &'static Resource,
    pub(super) region: &'a str,
    pub(super) prior: Value,
    pub(super) planned: Value,
}

/// What is there after it, and what went wrong.
#[derive(Debug)]
pub(super) struct Applied {
    pub(super) state: Value,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The connection shall be dropped instead of answered.
    pub(super) dropped: bool,
}

impl Applied {
    fn done(state: Value) -> Self {
        Self { state, diagnostics: Vec::new(), dropped: false }
    }

    fn failed(state: Value, diagnostic: Diagnostic) -> Self {
        Self { state, diagnostics: vec![diagnostic], dropped: false }
    }
}

/// Carries a planned change out.
pub(super) async fn apply(change: Change<'_>) -> Applied {
    let (action, about) = match (change.prior.is_null(), change.planned.is_null()) {
        (true, false) => (Action::Create, &change.planned),
        (false, true) => (Action::Delete, &change.prior),
        _ => (Action::Update, &change.planned),
    };
    let scene = Scene::new(
        Arc::clone(change.world),
        change.type_name,
        change.resource,
        change.region,
        about,
    );
    let work =
        Work { calls: operations::of_resource(change.type_name, action), scene, action, change };
    if let Err(trouble) = work.change.session.admitted(work.change.world).await {
        return work.not_let_in(&trouble);
    }
    match action {
        Action::Create => work.create().await,
        Action::Delete => work.delete().await,
        _ => work.update().await,
    }
}

struct Work<'a> {
    change: Change<'a>,
    scene: Scene,
    action: Action,
    calls: Calls,
}

impl Work<'_> {
    async fn create(&self) -> Applied {
        let made = computed::complete(&self.scene, &self.change.planned, None);
        let subject = self.subject(&made.object);
        let verdict =
            faults::verdict(&self.scene, &made.object, &self.calls, self.action, &subject);
        if let Some(refusal) = verdict.refusal.as_ref().filter(|r| !r.late) {
            self.hesitate(verdict.hang).await;
            return Applied::failed(Value::Null, self.tell(refusal, &made));
        }
        let (reserved, begin) = match self.order(made, &subject, &verdict) {
            Ok(taken) => taken,
            Err(failed) => return failed,
        };
        self.strike(&verdict);
        if begin.is_not_instant() {
            let held = verdict.holds().then(|| Arc::clone(self.change.session));
            let (world, key) = (Arc::clone(&self.scene.world), reserved.key.clone());
            making::finish_later(world, key, begin.wait, held);
        }
        if verdict.dropped {
            return Applied { state: Value::Null, diagnostics: Vec::new(), dropped: true };
        }
        self.wait_until_made(reserved, &begin).await
    }

    /// AWS takes the order, or refuses it.
    fn order(
        &self,
        made: Completed,
        subject: &Subject,
        verdict: &Verdict,
    ) -> Result<(Reserved, Begin), Applied> {
        let _one_at_a_time = self.scene.world.orders();
        let late = match self.check(&made.object, subject) {
            Err(refusal) if !refusal.late => {
                return Err(Applied::failed(Value::Null, self.tell(&refusal, &made)));
            }
            Err(short_of_instances) => Some(short_of_instances),
            Ok(()) => verdict.refusal.clone(),
        };
        let usual = match &late {
            Some(refusal) => self.scene.world.scaled(durations::until_failure(&refusal.code)),
            None => self.wait_for(&made.object),
        };
        let begin = Begin { wait: usual + verdict.hang, late, is_held: verdict.holds() };
        Ok((self.reserve(made, subject, &begin)?, begin))
    }

    /// Whether AWS takes the order, beside what exists and within what the account has.
    fn check(&self, object: &Value, subject: &Subject) -> Result<(), Refusal> {
        limits::check_create(&self.scene, object)?;
        self.check_free(object, subject)?;
        quotas::check_create(&self.scene, object, subject)?;
        capacity::check_create(&self.scene, object, subject)
    }

    fn strike(&self, verdict: &Verdict) {
        if let Some(fault) = &verdict.strikes {
            victims::strike(&self.scene.world, fault, self.change.session.peer());
        }
    }

    /// Waits, unless the tool says stop.
    async fn hesitate(&self, wait: Duration) {
        // Both arms end the wait, and nothing else.
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = self.change.session.stopped() => {}
        }
    }

    /// Whether nothing of the same natural key exists.
    fn check_free(&self, object: &Value, subject: &Subject) -> Result<(), Refusal> {
        let kind = &self.scene.kind;
        if !self.is_exclusive(object) {
            return Ok(());
        }
        let Some(key) = kind.natural_key(object) else { return Ok(()) };
        existing::check_name(&self.scene, &key, subject, object)?;
        let region = object.text("region");
        let parts: Vec<&str> = kind.key.iter().map(|k| object.text(k)).collect();
        let prefix = format!("{}/", self.scene.type_name);
        let alike = self.scene.world.store.holding(TABLE, &prefix, &parts);
        let taken = alike.iter().any(|(_, other)| {
            let there = &other["attributes"];
            let elsewhere = there["region"].as_str().is_some_and(|r| r != region);
            kind.natural_key_of(there).as_deref() == Some(key.as_str())
                && (!elsewhere || self.scene.type_name == "aws_s3_bucket")
        });
        if taken {
            return Err(self.taken(subject, object));
        }
        Ok(())
    }

    fn is_exclusive(&self, object: &Value) -> bool {
        conflict::is_exclusive(&self.scene.type_name, &self.calls, object)
    }

    /// The refusal for an object whose name or id is taken.
    fn taken(&self, subject: &Subject, object: &Value) -> Refusal {
        conflict::taken(&self.scene.type_name, &self.scene.kind.title, subject, object)
    }

    /// Takes the id; one that is drawn and taken is drawn again.
    fn reserve(
        &self,
        made: Completed,
        subject: &Subject,
        begin: &Begin,
    ) -> Result<Reserved, Applied> {
        let mut made = made;
        // Others that make the same thing at the same time may take the id in between.
        for _ in 0..100 {
            let key = self.scene.key(&made.id);
            let object = begin.object(&self.scene, &made);
            let stored = if self.is_exclusive(&made.object) || is_drawn(&self.scene.kind.id) {
                self.scene.world.store.create(TABLE, &key, object)
            } else {
                self.scene.world.store.put(TABLE, &key, object).map(|()| true)
            };
            match stored {
                Ok(true) => return Ok(Reserved { key, made }),
                Ok(false) if is_drawn(&self.scene.kind.id) => made = self.draw_again(),
                Ok(false) => {
                    let refusal = self.taken(subject, &made.object);
                    return Err(Applied::failed(Value::Null, self.tell(&refusal, &made)));
                }
                Err(error) => return Err(Applied::failed(Value::Null, disk(&error))),
            }
        }
        let refusal = Refusal::text("no free identifier was found");
        Err(Applied::failed(Value::Null, self.tell(&refusal, &made)))
    }

    /// The same object with an id that is free: the next one in the row of those that were made
    /// from the same description, found by doubling and halving, as there may be thousands.
    fn draw_again(&self) -> Completed {
        let nth =
            |count| computed::complete(&self.scene.another(count), &self.change.planned, None);
        let store = &self.scene.world.store;
        let taken = |made: &Completed| store.contains(TABLE, &self.scene.key(&made.id));
        let (mut low, mut high) = (0, 1);
        let mut found = nth(high);
        while taken(&found) {
            (low, high) = (high, high * 2);
            found = nth(high);
        }
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            let made = nth(middle);
            if taken(&made) {
                low = middle;
            } else {
                (high, found) = (middle, made);
            }
        }
        found
    }

    async fn wait_until_made(&self, reserved: Reserved, begin: &Begin) -> Applied {
        if !begin.is_not_instant() {
            return Applied::done(reserved.made.object);
        }
        let world = &self.scene.world;
        let mut changes = world.store.changes();
        let pause = world.scaled(BETWEEN_POLLS).max(SHORTEST_PAUSE);
        let mut next_poll = Instant::now() + pause;
        loop {
            match world.store.get(TABLE, &reserved.key) {
                Some(object) if object.get("status").is_none() => {
                    let state = self.shaped(&scene::attributes(&object));
                    return match self.poll(&reserved.made).await {
                        Some(diagnostic) => Applied::failed(state, diagnostic),
                        None => Applied::done(state),
                    };
                }
                Some(object) if !object["failed"].is_null() => {
                    let gone = Refusal::text("it has failed");
                    let refusal = begin.late.as_ref().unwrap_or(&gone);
                    let state = self.shaped(&scene::attributes(&object));
                    return Applied::failed(state, self.tell(refusal, &reserved.made));
                }
                Some(_) => {}
                None => {
                    let gone = Refusal::text("the object was deleted while it was being created");
                    return Applied::failed(Value::Null, self.tell(&gone, &reserved.made));
                }
            }
            tokio::select! {
                told = changes.changed() => {
                    if told.is_err() {
                        return self.interrupted(&reserved);
                    }
                }
                () = tokio::time::sleep_until(next_poll) => {
                    next_poll = Instant::now() + pause;
                    if let Some(diagnostic) = self.poll(&reserved.made).await {
                        let state = self.current(&reserved.key).unwrap_or(Value::Null);
                        return Applied::failed(state, diagnostic);
                    }
                }
                () = self.change.session.stopped() => return self.interrupted(&reserved),
            }
        }
    }

    /// A look at the object, as the provider takes one while it waits.
    async fn poll(&self, made: &Completed) -> Option<Diagnostic> {
        let whom = format!("{} {}", self.whom(made), self.action.name());
        access::on_poll(&self.scene, self.change.session, &whom).await
    }

    /// Nothing was begun, because AWS does not let the tool in.
    fn not_let_in(&self, trouble: &Trouble) -> Applied {
        let object = match self.action {
            Action::Create => computed::complete(&self.scene, &self.change.planned, None).object,
            _ => self.change.prior.clone(),
        };
        let id = object.text("id").to_owned();
        let name = self.name(&Completed { id, object });
        let diagnostic = access::told(&self.scene, trouble, &self.calls, self.action, &name);
        Applied::failed(self.change.prior.clone(), diagnostic)
    }

    /// What the provider returns when it is told to stop: an error and the object as far as it is.
    fn interrupted(&self, reserved: &Reserved) -> Applied {
        let state = self.current(&reserved.key).unwrap_or(Value::Null);
        let whom = self.whom(&reserved.made);
        let verb = self.action.name();
        Applied::failed(
            state,
            Diagnostic::error(format!("waiting for {whom} {verb}: context canceled"), ""),
        )
    }

    async fn update(&self) -> Applied {
        let id = self.change.prior.text("id").to_owned();
        let made = computed::complete(&self.scene, &self.change.planned, Some(&self.change.prior));
        let subject = self.subject(&made.object);
        let verdict =
            faults::verdict(&self.scene, &made.object, &self.calls, self.action, &subject);
        if let Some(refusal) = &verdict.refusal {
            self.hesitate(verdict.hang).await;
            return Applied::failed(self.change.prior.clone(), self.tell(refusal, &made));
        }
        if let Err(refusal) = limits::check_update(&self.scene, &self.change.prior, &made.object) {
            return Applied::failed(self.change.prior.clone(), self.tell(&refusal, &made));
        }
        let Some((key, _)) = super::objects::locate(&self.scene, &self.change.prior) else {
            let refusal = limits::not_found(&self.scene, &id);
            return Applied::failed(self.change.prior.clone(), self.tell(&refusal, &made));
        };
        // The service accepts the change at once and is busy with it for a while.
        let attributes = made.object.to_json();
        let written = self.scene.world.store.update(TABLE, &key, |there| {
            let mut object = there?.clone();
            object["attributes"] = attributes;
            Some(object)
        });
        if let Err(error) = written {
            return Applied::failed(self.change.prior.clone(), disk(&error));
        }
        self.pass(verdict, made.object.clone(), &made).await
    }

    async fn delete(&self) -> Applied {
        let prior = &self.change.prior;
        let made = Completed { id: prior.text("id").to_owned(), object: prior.clone() };
        let subject = self.subject(prior);
        let verdict = faults::verdict(&self.scene, prior, &self.calls, self.action, &subject);
        if let Some(refusal) = &verdict.refusal {
            self.hesitate(verdict.hang).await;
            return Applied::failed(prior.clone(), self.tell(refusal, &made));
        }
        let Some((key, _)) = super::objects::locate(&self.scene, prior) else {
            return Applied::done(Value::Null);
        };
        if let Err(refusal) = dependants::check_delete(&self.scene, prior) {
            return Applied::failed(prior.clone(), self.tell(&refusal, &made));
        }
        let after = self.pass(verdict, Value::Null, &made).await;
        if after.diagnostics.is_empty()
            && let Err(error) = self.remove(&key)
        {
            return Applied::failed(prior.clone(), disk(&error));
        }
        if after.diagnostics.is_empty()
            && !self.wait_for(prior).is_zero()
            && let Some(diagnostic) = self.poll(&made).await
        {
            // AWS has removed it, but nobody saw it go.
            return Applied::failed(prior.clone(), diagnostic);
        }
        if after.diagnostics.is_empty() { after } else { Applied { state: prior.clone(), ..after } }
    }

    fn remove(&self, key: &str) -> std::io::Result<()> {
        dependants::remove(&self.scene, key, &self.change.prior)
    }

    /// Waits as long as the action takes, unless the tool says stop.
    async fn pass(&self, verdict: Verdict, state: Value, made: &Completed) -> Applied {
        let held = if verdict.holds() { making::LONGEST_HOLD } else { Duration::ZERO };
        let wait = self.wait_for(&made.object) + verdict.hang + held;
        self.strike(&verdict);
        if verdict.dropped {
            return Applied { state, diagnostics: Vec::new(), dropped: true };
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => Applied::done(state),
            () = self.change.session.stopped() => {
                let text = format!("waiting for {} {}: context canceled", self.whom(made), self.action.name());
                Applied::failed(state, Diagnostic::error(text, ""))
            }
        }
    }

    fn wait_for(&self, object: &Value) -> Duration {
        let typical = durations::typical(&self.scene.type_name, self.action, object);
        let world = &self.scene.world;
        let what = format!("{}/{}", self.scene.type_name, &self.scene.digits[..16]);
        if self.action == Action::Create {
            return world.duration(&what, typical);
        }
        world.scaled(typical)
    }

    /// The object in the world, in the form of its schema.
    fn current(&self, key: &str) -> Option<Value> {
        let object = self.scene.world.store.get(TABLE, key)?;
        Some(self.shaped(&scene::attributes(&object)))
    }

    fn shaped(&self, attributes: &Value) -> Value {
        attributes.clone().conform(&self.scene.resource.ty)
    }

    fn subject(&self, object: &Value) -> Subject {
        faults::subject(&self.scene, object)
    }

    fn whom(&self, made: &Completed) -> String {
        match self.name(made).as_str() {
            "" => self.scene.kind.title.clone(),
            name => format!("{} ({name})", self.scene.kind.title),
        }
    }

    /// The name by which errors mean the object.
    fn name(&self, made: &Completed) -> String {
        let is_long = ["arn:", "https:"].iter().any(|start| made.id.starts_with(start));
        if self.action != Action::Create || !is_drawn(&self.scene.kind.id) && !is_long {
            return made.id.clone();
        }
        ["name", "identifier", "domain_name", "description"]
            .iter()
            .map(|n| made.object.text(n))
            .find(|n| !n.is_empty())
            .unwrap_or_default()
            .to_owned()
    }

    fn tell(&self, refusal: &Refusal, made: &Completed) -> Diagnostic {
        let digits =
            self.scene.world.hex(&format!("request/{}/{}", made.id, self.action.name()), 32);
        refusal.diagnostic(&Telling {
            action: self.action,
            title: &self.scene.kind.title,
            name: &self.name(made),
            operation: refusal::operation_of(refusal, &self.calls, self.action),
            request_id: super::kinds::uuid(&digits),
        })
    }
}

struct Reserved {
    key: String,
    made: Completed,
}

fn disk(error: &std::io::Error) -> Diagnostic {
    Diagnostic::error(format!("the simulated world could not write to its disk: {error}"), "")
}
