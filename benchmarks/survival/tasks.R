# One task by R's survival: Rscript benchmarks/survival/tasks.R TASK FOLDER
suppressMessages(library(survival))
args <- commandArgs(TRUE); task <- args[1]
d <- read.csv(file.path(args[2], paste0(switch(task, kinds = "kinds", plans = "plans", pieces = "pieces", diary = "diary", "wide"), ".csv")), stringsAsFactors = TRUE)
f <- as.formula(paste(if (task %in% c("pieces", "diary")) "Surv(entry, duration, churned)" else "Surv(duration, churned)", "~", paste0("x", 0:9, collapse = "+")))
score <- if (task == "plans") 0 else drop(as.matrix(d[, paste0("x", 0:9)]) %*% seq(-0.3, 0.3, length.out = 10))
t <- system.time(found <- switch(task,
  cox = , kinds = , plans = , pieces = , diary = coef(coxph(f, d)), robust = coef(coxph(f, d, robust = TRUE)),
  ph_test = cox.zph(coxph(f, d))$table[, 1], concordance = concordance(Surv(duration, churned) ~ score, d, reverse = TRUE)$concordance,
  weibull = coef(survreg(f, d))))
peak <- as.numeric(sub("\\D*(\\d+).*", "\\1", grep("VmHWM", readLines("/proc/self/status"), value = TRUE))) / 1024
cat(sprintf('{"seconds": %f, "processor": %f, "before": 0, "peak": %f, "found": [%s]}\n', t[3], t[1] + t[2], peak, paste(format(found[seq_len(min(10, length(found)))], digits = 12), collapse = ", ")))
