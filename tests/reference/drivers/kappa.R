# Cohen's kappa with its large-sample limits. R 4.2.2, psych 2.2.9, 2026-11-22; run: Rscript kappa.R > kappa.csv
suppressMessages(library(psych))
tables <- list(
  two = matrix(c(40, 9, 6, 45), 2),
  three = matrix(c(44, 5, 1, 7, 20, 3, 9, 5, 6), 3),
  poor = matrix(c(10, 12, 11, 9), 2)
)
cat("case,n,kappa,std_error,low,high\n")
for (case in names(tables)) {
  fit <- suppressWarnings(cohen.kappa(tables[[case]], alpha = .05))
  row <- fit$confid["unweighted kappa", ]
  cat(sprintf("%s,%d,%.12f,%.12f,%.12f,%.12f\n", case, sum(tables[[case]]), fit$kappa, sqrt(fit$var.kappa), row[1], row[3]))
}
