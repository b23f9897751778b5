new_token() {
    head -c 20 /dev/urandom | base64
}
