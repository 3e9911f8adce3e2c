-- Names the consumer by the public part of the virtual key (dck_<tenant>_...), so that limits and statistics know the
-- tenant. It proves nothing: the function checks the key. A tenant that is not known stays nameless, and is limited by address.
local headers = kong.request.get_header
local key = headers("authorization")
key = key and key:match("^[Bb][Ee][Aa][Rr][Ee][Rr] +(.+)$") or headers("x-api-key") or ""
local tenant = key:match("^dck_(%l[%l%d]+)_")
if tenant and #tenant == 12 then
  local consumer = kong.client.load_consumer(tenant, true)
  if consumer then
    kong.client.authenticate(consumer, nil)
  end
end
