mod browser;
mod doors;
mod pages;
mod pictures;
mod postgres;
mod unread;
