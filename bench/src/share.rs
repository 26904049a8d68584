//! A bound on the processor time of one process, kept by the kernel: a control group with a quota (`cpu.max`, or the older
//! `cpu.cfs_quota_us`). Needs root.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

/// The kernel's own. With a short one a process is stopped in the middle of nearly each request, which costs time by itself.
const PERIOD: Duration = Duration::from_millis(100);

/// Given back when it is dropped, which has to be after the end of the process.
pub struct Share(PathBuf);

impl Share {
    /// `of_a_core`: 0.1 is a tenth of one.
    pub fn give(pid: u32, of_a_core: f64) -> Result<Self> {
        let (old, new) = (Path::new("/sys/fs/cgroup/cpu"), Path::new("/sys/fs/cgroup"));
        let is_old = old.join("cpu.cfs_quota_us").exists() || old.join("cgroup.procs").exists();
        let folder = if is_old { old } else { new }.join(format!("smilechat-bench-{pid}"));
        fs::create_dir(&folder).with_context(|| format!("no control group {}", folder.display()))?;
        let share = Self(folder);
        let quota = PERIOD.mul_f64(of_a_core).as_micros();
        if is_old {
            share.write("cpu.cfs_period_us", &PERIOD.as_micros().to_string())?;
            share.write("cpu.cfs_quota_us", &quota.to_string())?;
        } else {
            share.write("cpu.max", &format!("{quota} {}", PERIOD.as_micros()))?;
        }
        share.write("cgroup.procs", &pid.to_string())?;
        Ok(share)
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let file = self.0.join(file);
        fs::write(&file, text).with_context(|| file.display().to_string())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}
