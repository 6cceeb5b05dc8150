mod decide;
mod guest;
mod load;
mod speed;
mod support;
