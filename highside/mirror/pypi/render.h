// Pages of the simple repository API (PEP 503, 629, 691, 700, 714, 740), made from records.
// Addresses of files are relative, so that a page holds behind any proxy and prefix; those of
// provenance are not, since PEP 740 wants them whole.
#pragma once

#include <string>
#include <vector>

#include "highside/mirror/pypi/negotiate.h"
#include "highside/pipeline/catalog_reader.h"
#include "sluice/pypi.pb.h"

namespace sluice::high {

// /simple/PROJECT/. A page at <root>/simple/<project>/ names files at
// <root>/packages/<project>/<file>. `root`: where clients see it, "http://host/pypi"; empty: not
// known, no provenance is named.
std::string render_project(const proto::PypiProject& project, PageForm form,
                           const std::string& root);

// /simple/: `names` normalised, in order.
std::string render_index(const std::vector<std::string>& names, PageForm form);

// Without the files whose bytes are lost at the moment; one whose METADATA or provenance
// alone is lost is shown without it.
void leave_out_lost(const CatalogReader& catalog, proto::PypiProject& project);

}  // namespace sluice::high
