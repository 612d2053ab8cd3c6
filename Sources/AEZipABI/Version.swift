#if AEZ_EMBEDDED
  import EmbeddedAEZip
#else
  import AEZip
#endif
import CAez

@_cdecl("aez_version") @implementation
public func aez_version() -> UInt32 { 0x000100 }
