mod browser;
mod doors;
mod pages;
mod pictures;
