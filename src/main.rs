//! The program `northgate`.

fn main() -> std::process::ExitCode {
    northgate::cli::main()
}
