mod decide;
mod guest;
mod instructions;
mod load;
mod speed;
mod support;
