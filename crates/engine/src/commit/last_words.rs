//! The end of the process when a task that it cannot do without ends by a panic.

/// Nothing can be taken without the group commit, nothing sent without the tasks of a connector. Should one end by a panic, the
/// process ends with it, at once: what is stored is whole, the next start settles what is in doubt, and whoever watches the process
/// starts it. The alternative is a platform that looks well and answers nobody.
pub(crate) struct LastWords(&'static str);

impl LastWords {
    /// Runs a task to its end; the process ends with it when it panics.
    pub(crate) async fn of<T>(task: &'static str, running: impl Future<Output = T>) -> T {
        let _last_words = Self(task);
        running.await
    }
}

impl Drop for LastWords {
    fn drop(&mut self) {
        if std::thread::panicking() {
            tracing::error!(task = self.0, "a task ended by a panic: the process ends");
            std::process::abort();
        }
    }
}

/// A panic cannot be provoked from outside, and no variable or flag of the product may do it: the write that panics is only in the
/// unit tests' build of this crate. The test runs itself a second time, as a process that may end.
#[cfg(test)]
pub(super) mod tests {
    use std::os::unix::process::ExitStatusExt as _;
    use std::path::{Path, PathBuf};
    use std::process::Command;

    use sambac_store::Store;

    use super::super::Write;
    use crate::clock::Clock;
    use crate::seal::Seal;
    use crate::{Engine, Settings};

    const NAME: &str = "commit::last_words::tests::a_panic_of_the_group_commit_ends_the_process";
    /// Set for the process that is to end: where its database is.
    const CHILD: &str = "LAST_WORDS_TEST_FOLDER";
    const SIGABRT: i32 = 6;

    /// What [`Write::Panic`] does.
    pub(crate) fn panics() {
        panic!("as the test wants it");
    }

    async fn store(folder: &Path) -> Store {
        let store = Store::open(&format!("sqlite://{}", folder.join("sambac.db").display())).await.unwrap();
        store.migrate().await.unwrap();
        store
    }

    /// Runs an engine whose group commit panics after it has stored something.
    async fn child(folder: PathBuf) {
        let settings = Settings::new(Seal::throwaway().unwrap());
        let engine = Engine::start(settings, store(&folder).await, Clock::system()).await.unwrap();
        engine.0.write(Write::Panic).await;
        // Without an end of the process it would wait for ever, and the test would fail by its time.
        std::future::pending::<()>().await;
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn a_panic_of_the_group_commit_ends_the_process() {
        if let Some(folder) = std::env::var_os(CHILD) {
            return child(folder.into()).await;
        }
        let folder = std::env::temp_dir().join(format!("sambac-last-words-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let mut again = Command::new(std::env::current_exe().unwrap());
        let output = again.args(["--exact", NAME, "--nocapture"]).env(CHILD, &folder).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(SIGABRT), "{} {said}", output.status);
        assert!(said.contains("as the test wants it"), "{said}");
        // What it leaves behind is whole: the next start takes it.
        let settings = Settings::new(Seal::throwaway().unwrap());
        let engine = Engine::start(settings, store(&folder).await, Clock::system()).await.unwrap();
        assert!(engine.health().accepting);
        engine.stop(std::time::Duration::from_secs(5)).await;
        std::fs::remove_dir_all(folder).unwrap();
    }
}
