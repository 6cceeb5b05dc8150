mod budgets;
mod decide;
mod instructions;
mod load;
mod speed;
mod stack;
mod support;
mod wasi;
