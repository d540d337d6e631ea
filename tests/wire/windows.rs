//! What is Windows's own: paths, access control lists, console programs, Task Scheduler.
