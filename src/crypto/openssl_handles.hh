// Owners for OpenSSL's objects. Not for use outside this folder.
#pragma once

#include <openssl/evp.h>
#include <openssl/kdf.h>

#include <memory>

namespace cuttle {

template <auto release>
struct OpensslRelease {
  template <typename T>
  void operator()(T* object) const noexcept {
    release(object);
  }
};

using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, OpensslRelease<EVP_CIPHER_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, OpensslRelease<EVP_MD_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, OpensslRelease<EVP_MAC_CTX_free>>;
using KdfContext = std::unique_ptr<EVP_KDF_CTX, OpensslRelease<EVP_KDF_CTX_free>>;
using Pkey = std::unique_ptr<EVP_PKEY, OpensslRelease<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, OpensslRelease<EVP_PKEY_CTX_free>>;

}  // namespace cuttle
